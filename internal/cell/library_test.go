package cell

import (
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/internal/symbols"
)

// What of the standard library's generics has no source that cells can have instances of, and a cell that says so.
var refusedGenerics = map[string]string{
	"database/sql.Null":  "var n sql.Null[int]",
	"runtime.AddCleanup": "runtime.AddCleanup(new(int), func(int) {}, 1)",
	"weak.Make":          "weak.Make(new(int))",
	"weak.Pointer":       "var p weak.Pointer[int]",
}

// Every generic function and type of the standard library can be used in a cell, or is refused at its place, with
// what to use instead.
func TestGenericsOfTheStandardLibrary(t *testing.T) {
	f := session(t)
	var missing []string
	for _, path := range symbols.Packages() {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			continue
		}
		p, err := symbols.Importer().Import(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range p.Scope().Names() {
			if o := p.Scope().Lookup(name); o.Exported() && generic(o) && !inSource(f.lib.load(path), o) {
				missing = append(missing, path+"."+name)
			}
		}
	}
	if want := slices.Sorted(maps.Keys(refusedGenerics)); !slices.Equal(missing, want) {
		t.Errorf("not in source: %v, want %v", missing, want)
	}
	for name, src := range refusedGenerics {
		_, err := f.Compile("In[1]", src)
		if errs, ok := err.(Errors); !ok || !strings.HasPrefix(errs[0].Error(), "In[1]:1:") || !strings.Contains(errs[0].Msg, "the generic ") || !strings.Contains(errs[0].Msg, "; ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func generic(o types.Object) bool {
	switch t := o.Type().(type) {
	case *types.Signature:
		return t.TypeParams().Len() > 0
	case *types.Named:
		return t.TypeParams().Len() > 0
	}
	return false
}

func inSource(p *libPackage, o types.Object) bool {
	if t, ok := o.Type().(*types.Named); ok && t.NumMethods() == 0 {
		return true // no more than a name for its underlying type
	}
	return p != nil && p.pkg.Scope().Lookup(o.Name()) != nil
}
