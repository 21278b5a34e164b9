package rt

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// text returns what reflection shows for the type that e denotes. It reads declarations only, so it serves before any
// type of the batch is complete.
func (d *definer) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return d.text(e.X)
	case *ast.Ident:
		if s := d.specs[e.Name]; s != nil {
			if s.shown != "" {
				return s.shown
			}
			return d.text(s.expr)
		}
	case *ast.StarExpr:
		return "*" + d.text(e.X)
	case *ast.ArrayType:
		if e.Len == nil {
			return "[]" + d.text(e.Elt)
		}
		return "[" + e.Len.(*ast.BasicLit).Value + "]" + d.text(e.Elt)
	case *ast.Ellipsis:
		return "..." + d.text(e.Elt)
	case *ast.MapType:
		return "map[" + d.text(e.Key) + "]" + d.text(e.Value)
	case *ast.ChanType:
		return chanText(e.Dir, d.text(e.Value))
	case *ast.FuncType:
		return "func" + d.signatureText(e)
	case *ast.StructType:
		return d.structText(e)
	case *ast.InterfaceType:
		return d.interfaceText(e)
	}
	return d.resolve(e).String()
}

func chanText(dir ast.ChanDir, elem string) string {
	switch {
	case dir == ast.SEND:
		return "chan<- " + elem
	case dir == ast.RECV:
		return "<-chan " + elem
	case strings.HasPrefix(elem, "<"):
		return "chan (" + elem + ")"
	}
	return "chan " + elem
}

func (d *definer) signatureText(f *ast.FuncType) string {
	list := func(fields *ast.FieldList) (texts []string) {
		if fields == nil {
			return nil
		}
		for _, f := range fields.List {
			for range max(1, len(f.Names)) {
				texts = append(texts, d.text(f.Type))
			}
		}
		return texts
	}
	text := "(" + strings.Join(list(f.Params), ", ") + ")"
	switch results := list(f.Results); len(results) {
	case 0:
		return text
	case 1:
		return text + " " + results[0]
	default:
		return text + " (" + strings.Join(results, ", ") + ")"
	}
}

func (d *definer) structText(st *ast.StructType) string {
	var fields []string
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			text := d.text(f.Type)
			if !strings.HasPrefix(n.Name, embedMark) {
				text = n.Name + " " + text
			}
			if tag := tagText(f); tag != "" {
				text += " " + strconv.Quote(tag)
			}
			fields = append(fields, text)
		}
	}
	return braced("struct", fields)
}

func (d *definer) interfaceText(i *ast.InterfaceType) string {
	var methods []string
	for _, m := range i.Methods.List {
		name := m.Names[0].Name
		if !exported(name) {
			name = "main." + name
		}
		methods = append(methods, name+d.signatureText(m.Type.(*ast.FuncType)))
	}
	slices.Sort(methods)
	return braced("interface", methods)
}

func braced(keyword string, parts []string) string {
	if len(parts) == 0 {
		return keyword + " {}"
	}
	return keyword + " { " + strings.Join(parts, "; ") + " }"
}
