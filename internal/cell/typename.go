package cell

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"
)

// runtimeName renders a type argument as the runtime's names of instances have it: with whole package paths, without
// aliases, and with spaces nowhere but inside functions, structs and interfaces.
func runtimeName(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return "unsafe.Pointer"
		}
		return types.Typ[t.Kind()].Name() // uint8 for byte
	case *types.Named:
		return runtimeNamed(t)
	case *types.Pointer:
		return "*" + runtimeName(t.Elem())
	case *types.Slice:
		return "[]" + runtimeName(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), runtimeName(t.Elem()))
	case *types.Map:
		return "map[" + runtimeName(t.Key()) + "]" + runtimeName(t.Elem())
	case *types.Chan:
		return map[types.ChanDir]string{types.SendRecv: "chan ", types.SendOnly: "chan<- ", types.RecvOnly: "<-chan "}[t.Dir()] + runtimeName(t.Elem())
	case *types.Signature:
		return "func" + runtimeSignature(t)
	case *types.Struct:
		return runtimeStruct(t)
	case *types.Interface:
		var methods []string
		for m := range t.Methods() {
			methods = append(methods, m.Name()+runtimeSignature(m.Signature()))
		}
		return braced("interface {", methods)
	}
	return types.TypeString(t, nil)
}

func runtimeNamed(t *types.Named) string {
	name := t.Obj().Name()
	if pkg := t.Obj().Pkg(); pkg != nil {
		name = pkg.Path() + "." + name
	}
	var args []string
	for a := range t.TypeArgs().Types() {
		args = append(args, runtimeName(a))
	}
	if len(args) > 0 {
		name += "[" + strings.Join(args, ",") + "]"
	}
	return name
}

func runtimeStruct(t *types.Struct) string {
	var fields []string
	for i := range t.NumFields() {
		f := t.Field(i)
		text := runtimeName(f.Type())
		if !f.Embedded() {
			text = f.Name() + " " + text
		}
		if t.Tag(i) != "" {
			text += " " + strconv.Quote(t.Tag(i))
		}
		fields = append(fields, text)
	}
	return braced("struct {", fields)
}

func braced(open string, parts []string) string {
	if len(parts) == 0 {
		return open + "}"
	}
	return open + " " + strings.Join(parts, "; ") + " }"
}

func runtimeSignature(s *types.Signature) string {
	var params, results []string
	for i := range s.Params().Len() {
		p := s.Params().At(i).Type()
		if l, ok := p.(*types.Slice); ok && s.Variadic() && i == s.Params().Len()-1 {
			params = append(params, "..."+runtimeName(l.Elem()))
			continue
		}
		params = append(params, runtimeName(p))
	}
	for r := range s.Results().Variables() {
		results = append(results, runtimeName(r.Type()))
	}
	text := "(" + strings.Join(params, ", ") + ")"
	switch len(results) {
	case 0:
		return text
	case 1:
		return text + " " + results[0]
	}
	return text + " (" + strings.Join(results, ", ") + ")"
}
