//go:build ignore

// Command gen copies the generic packages of the standard library that cells get instances of from their source.
package main

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var files = map[string][]string{
	"slices": {"iter.go", "slices.go", "sort.go", "zsortanyfunc.go", "zsortordered.go"},
	"maps":   {"iter.go", "maps.go"},
	"cmp":    {"cmp.go"},
}

func main() {
	log.SetFlags(0)
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		log.Fatal(err)
	}
	root := strings.TrimSpace(string(out))
	for pkg, names := range files {
		if err := os.MkdirAll(pkg, 0o777); err != nil {
			log.Fatal(err)
		}
		for _, n := range names {
			b, err := os.ReadFile(filepath.Join(root, "src", pkg, n))
			if err != nil {
				log.Fatal(err)
			}
			text := "// Code copied from the Go standard library by gen.go; DO NOT EDIT.\n\n" + string(b)
			if err := os.WriteFile(filepath.Join(pkg, n+".txt"), []byte(text), 0o666); err != nil {
				log.Fatal(err)
			}
		}
	}
}
