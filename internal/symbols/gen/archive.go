package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"go/ast"
	"go/doc"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
)

// archive returns the zip of export data and doc texts. Its entries carry no time, so equal inputs give equal bytes.
func archive(l *loader, paths []string) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, path := range paths {
		p := l.packages[path]
		if p.types != nil && path != "unsafe" {
			w, err := z.Create("types/" + path)
			if err != nil {
				return nil, err
			}
			if err := gcexportdata.Write(w, nil, p.types); err != nil {
				return nil, fmt.Errorf("export data of %s: %w", path, err)
			}
		}
		w, err := z.Create("doc/" + path)
		if err != nil {
			return nil, err
		}
		texts, err := docs(l, p)
		if err != nil {
			return nil, fmt.Errorf("docs of %s: %w", path, err)
		}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			fmt.Fprintf(w, "%s\x00%s\x00", name, texts[name])
		}
	}
	err := z.Close()
	return buf.Bytes(), err
}

// docs collects the doc comments of a package by name: "" for the package, "F", "T", "T.M" for a method or field.
func docs(l *loader, p *pkg) (map[string]string, error) {
	mode := doc.Mode(0)
	if p.ImportPath == "builtin" {
		mode = doc.AllDecls
	}
	d, err := doc.NewFromFiles(l.fset, p.files, p.ImportPath, mode)
	if err != nil {
		return nil, err
	}
	t := texts{}
	t.add("", d.Doc)
	t.values(d.Consts)
	t.values(d.Vars)
	t.funcs("", d.Funcs)
	for _, typ := range d.Types {
		t.add(typ.Name, typ.Doc)
		t.values(typ.Consts)
		t.values(typ.Vars)
		t.funcs("", typ.Funcs)
		t.funcs(typ.Name+".", typ.Methods)
		t.members(typ)
	}
	return t, nil
}

type texts map[string]string

func (t texts) add(name, text string) {
	if text = strings.TrimSpace(text); text != "" && t[name] == "" {
		t[name] = text
	}
}

func (t texts) funcs(prefix string, funcs []*doc.Func) {
	for _, f := range funcs {
		t.add(prefix+f.Name, f.Doc)
	}
}

// values gives each name the comment of its own line and that of its group.
func (t texts) values(groups []*doc.Value) {
	for _, g := range groups {
		for _, spec := range g.Decl.Specs {
			s := spec.(*ast.ValueSpec)
			for _, name := range s.Names {
				t.add(name.Name, strings.TrimSpace(comment(s.Doc, s.Comment))+"\n\n"+g.Doc)
			}
		}
	}
}

// members adds the exported fields of a struct and methods of an interface.
func (t texts) members(typ *doc.Type) {
	for _, spec := range typ.Decl.Specs {
		s, ok := spec.(*ast.TypeSpec)
		if !ok || s.Name.Name != typ.Name {
			continue
		}
		var list *ast.FieldList
		switch u := s.Type.(type) {
		case *ast.StructType:
			list = u.Fields
		case *ast.InterfaceType:
			list = u.Methods
		default:
			continue
		}
		for _, f := range list.List {
			for _, name := range f.Names {
				t.add(typ.Name+"."+name.Name, comment(f.Doc, f.Comment))
			}
		}
	}
}

func comment(above, behind *ast.CommentGroup) string {
	if above != nil {
		return above.Text()
	}
	return behind.Text()
}
