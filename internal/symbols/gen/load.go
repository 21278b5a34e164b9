package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// listed is what go list tells of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string
	Error      *struct{ Err string }
}

// goList runs go list for the platform that the generated files describe.
func goList(args ...string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,ImportMap,Error"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var list []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		list = append(list, p)
	}
}

// left out: net/http/pprof and expvar put handlers on http.DefaultServeMux by being linked, which would open them in
// every server that a cell starts; plugin makes the linker keep all that a plugin could want, which is a quarter of the binary,
// and opens only plugins built with this very binary; the others cannot be linked into an ordinary program.
var unusable = []string{"expvar", "net/http/pprof", "plugin", "runtime/cgo", "runtime/race"}

func standard() ([]string, error) {
	list, err := goList("std")
	paths := []string{"builtin"} // for its doc texts
	for _, p := range list {
		elems := strings.Split(p.ImportPath, "/")
		if !slices.Contains(elems, "internal") && elems[0] != "vendor" && elems[0] != "cmd" && !slices.Contains(unusable, p.ImportPath) {
			paths = append(paths, p.ImportPath)
		}
	}
	return paths, err
}

func existing(paths ...string) ([]string, error) {
	list, err := goList(append([]string{"-e"}, paths...)...)
	var found []string
	for _, p := range list {
		if p.Error == nil && len(p.GoFiles) > 0 {
			found = append(found, p.ImportPath)
		}
	}
	return found, err
}

// pkg is a package as loaded: syntax with comments, and types unless it is builtin.
type pkg struct {
	listed
	files []*ast.File
	types *types.Package
}

type loader struct {
	fset     *token.FileSet
	packages map[string]*pkg
}

// load parses and type-checks paths and all they import, without function bodies.
func load(paths []string) (*loader, error) {
	list, err := goList(append([]string{"-deps"}, paths...)...)
	if err != nil {
		return nil, err
	}
	l := &loader{fset: token.NewFileSet(), packages: map[string]*pkg{}}
	all := make([]*pkg, len(list))
	for i := range list {
		all[i] = &pkg{listed: list[i]}
		l.packages[list[i].ImportPath] = all[i]
	}
	if err := l.parse(all); err != nil {
		return nil, err
	}
	for _, p := range all { // go list names dependencies first
		if err := l.check(p); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *loader) parse(all []*pkg) error {
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, p := range all {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			for _, name := range p.GoFiles {
				f, err := parser.ParseFile(l.fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
				errs[i] = errors.Join(errs[i], err)
				p.files = append(p.files, f)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (l *loader) check(p *pkg) error {
	switch p.ImportPath {
	case "unsafe":
		p.types = types.Unsafe
		return nil
	case "builtin":
		return nil
	}
	conf := types.Config{
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Sizes:            types.SizesFor("gc", "amd64"),
		Importer:         importer(func(path string) *types.Package { return l.imported(p, path) }),
	}
	var err error
	if p.types, err = conf.Check(p.ImportPath, l.fset, p.files, nil); err != nil {
		return fmt.Errorf("check %s: %w", p.ImportPath, err)
	}
	return nil
}

func (l *loader) imported(by *pkg, path string) *types.Package {
	if mapped, ok := by.ImportMap[path]; ok {
		path = mapped
	}
	if p := l.packages[path]; p != nil {
		return p.types
	}
	return nil
}

type importer func(path string) *types.Package

func (i importer) Import(path string) (*types.Package, error) {
	if p := i(path); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("package %s is not loaded", path)
}
