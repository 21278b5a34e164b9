package symbols

import (
	"archive/zip"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/groupnb/groupnb/internal/symbols/gonum"
	"github.com/groupnb/groupnb/internal/symbols/own"
	"github.com/groupnb/groupnb/internal/symbols/std"
	"github.com/groupnb/groupnb/internal/symbols/table"
)

// Values returns the run-time values of all packages by "path/name" and exported name, in the shape that the
// interpreter expects: functions, constants (untyped ones as constant.Value), addressable variables, nil pointers for
// types, and under "_Name" a struct that implements the interface Name by func fields. The maps are the caller's.
func Values() map[string]map[string]reflect.Value { return table.Values() }

// Instances returns the run-time types of the instances of generic types that exported things are made of, such as
// iter.Seq[string], by the names that reflection gives them.
func Instances() map[string]reflect.Type { return table.Instances() }

// entries are the members of the embedded archives by name.
var entries = sync.OnceValue(func() map[string]*zip.File {
	m := map[string]*zip.File{}
	for _, data := range []string{std.Data, gonum.Data, own.Data} {
		r, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
		if err != nil {
			panic("symbols: embedded archive: " + err.Error())
		}
		for _, f := range r.File {
			m[f.Name] = f
		}
	}
	return m
})

func read(name string) ([]byte, error) {
	f := entries()[name]
	if f == nil {
		return nil, fmt.Errorf("%s is not embedded", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Packages returns the import paths of all packages, sorted.
func Packages() []string {
	paths := []string{"unsafe"}
	for name := range entries() {
		if path, ok := strings.CutPrefix(name, "types/"); ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
