package cell

import (
	"embed"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// gosrc holds the source of generic functions of the standard library. Compiled code can't be instantiated at run
// time, so instances are lowered from source like those of the notebook's own generic functions.
//
//go:generate sh -c "cd gosrc && go run gen.go"
//go:embed gosrc
var gosrc embed.FS

// A library gives the declarations of compiled packages that exist as source.
type library struct {
	fset *token.FileSet
	imp  types.Importer
	pkgs map[string]*libPackage
}

// A libPackage is a package checked from source; its objects differ from those of the compiled package.
type libPackage struct {
	pkg   *types.Package
	units map[string]*unit // by "F" and "T.M"
}

// load returns the source package of an import path, nil if there is none.
func (b *library) load(importPath string) *libPackage {
	if p, ok := b.pkgs[importPath]; ok {
		return p
	}
	b.pkgs[importPath] = nil
	dir := path.Join("gosrc", importPath)
	entries, err := gosrc.ReadDir(dir)
	if err != nil {
		return nil
	}
	var files []*ast.File
	replaced := map[string]bool{}
	for i := len(entries) - 1; i >= 0; i-- { // overrides first: they replace declarations of the other files
		name := entries[i].Name()
		if !strings.HasSuffix(name, ".txt") {
			continue
		}
		text, _ := gosrc.ReadFile(path.Join(dir, name))
		f, err := parser.ParseFile(b.fset, importPath+"/"+strings.TrimSuffix(name, ".txt"), text, parser.SkipObjectResolution)
		if err != nil {
			return nil
		}
		if strings.HasPrefix(name, "override") {
			for _, d := range f.Decls {
				if d, ok := d.(*ast.FuncDecl); ok {
					replaced[d.Name.Name] = true
				}
			}
		}
		files = append(files, f)
	}
	for _, f := range files {
		if !strings.Contains(b.fset.Position(f.Package).Filename, "override") {
			dropFuncs(f, replaced)
		}
	}
	return b.check(importPath, files)
}

func dropFuncs(f *ast.File, names map[string]bool) {
	kept := f.Decls[:0]
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); !ok || fn.Recv != nil || !names[fn.Name.Name] {
			kept = append(kept, d)
		}
	}
	f.Decls = kept
}

func (b *library) check(importPath string, files []*ast.File) *libPackage {
	if len(files) == 0 {
		return nil
	}
	p := &libPackage{units: map[string]*unit{}}
	info := newInfo()
	var errs []error
	conf := types.Config{Importer: b.imp, Error: func(err error) {
		if e, ok := err.(types.Error); !ok || !e.Soft {
			errs = append(errs, err)
		}
	}}
	p.pkg, _ = conf.Check(importPath, b.fset, files, info)
	if len(errs) > 0 {
		panic("source of " + importPath + ": " + errors.Join(errs...).Error())
	}
	for _, f := range files {
		for _, d := range f.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			u := &unit{key: d.Name.Name, decl: d, info: info, body: info}
			if d.Recv != nil {
				u.key = receiverName(d) + "." + d.Name.Name
			}
			p.units[u.key] = u
		}
	}
	b.pkgs[importPath] = p
	return p
}

// unitOf returns the declaration of a function or method by its package and key, nil if it is not in source.
func (l *lowerer) unitOf(pkg *types.Package, key string) *unit {
	if pkg.Path() == "main" {
		return l.st.units[key]
	}
	if p := l.lib.load(pkg.Path()); p != nil {
		return p.units[key]
	}
	return nil
}

// sourceInstance returns the instance that stands for one of a compiled package's generic type, nil if that type is not
// in source.
func (l *lowerer) sourceInstance(t *types.Named) *types.Named {
	if t.TypeArgs().Len() == 0 || t.Obj().Pkg() == nil {
		return nil
	}
	p := l.lib.load(t.Obj().Pkg().Path())
	if p == nil || p.pkg == t.Obj().Pkg() {
		return nil
	}
	generic, ok := p.pkg.Scope().Lookup(t.Obj().Name()).(*types.TypeName)
	if !ok {
		return nil
	}
	inst, err := types.Instantiate(nil, generic.Type(), slices.Collect(t.TypeArgs().Types()), false)
	if err != nil {
		return nil
	}
	return inst.(*types.Named)
}

// owns reports whether a package's objects come from source, those of the notebook's own among them.
func (l *lowerer) owns(pkg *types.Package) bool {
	if pkg == nil {
		return false
	}
	p := l.lib.pkgs[pkg.Path()]
	return pkg.Path() == "main" || p != nil && p.pkg == pkg
}
