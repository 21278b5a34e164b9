package cell

import (
	"go/ast"
	"reflect"
)

// renameIdents returns a deep copy of a type expression with identifiers renamed.
func renameIdents(e ast.Expr, names map[string]string) ast.Expr {
	return renameValue(reflect.ValueOf(e), names).Interface().(ast.Expr)
}

func renameValue(v reflect.Value, names map[string]string) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		if id, ok := v.Interface().(*ast.Ident); ok {
			c := *id
			if n := names[id.Name]; n != "" {
				c.Name = n
			}
			return reflect.ValueOf(&c)
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(renameValue(v.Elem(), names))
		return c
	case reflect.Interface:
		c := reflect.New(v.Type()).Elem()
		if !v.IsNil() {
			c.Set(renameValue(v.Elem(), names))
		}
		return c
	case reflect.Slice:
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(renameValue(v.Index(i), names))
		}
		return c
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			c.Field(i).Set(renameValue(v.Field(i), names))
		}
		return c
	}
	return v
}
