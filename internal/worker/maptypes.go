package worker

import (
	"encoding"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"

	"github.com/traefik/yaegi/interp"
)

// mapTypes tells the interpreter which methods of its own types functions with parameters of type any look for.
func mapTypes(values interp.Exports) map[reflect.Value][]reflect.Type {
	types := map[reflect.Value][]reflect.Type{}
	add := func(pkg string, functions []string, interfaces ...reflect.Type) {
		for _, f := range functions {
			types[values[pkg][f]] = interfaces
		}
	}
	formatted := []reflect.Type{reflect.TypeFor[fmt.Formatter](), reflect.TypeFor[fmt.Stringer]()}
	add("fmt/./fmt", []string{"Append", "Appendf", "Appendln", "Errorf", "Fprint", "Fprintf", "Fprintln", "Print", "Printf",
		"Println", "Sprint", "Sprintf", "Sprintln"}, formatted...)
	add("fmt/./fmt", []string{"Scan", "Scanf", "Scanln"}, reflect.TypeFor[fmt.Scanner]())
	add("log/log", []string{"Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "Print", "Printf", "Println"}, formatted...)
	add("encoding/json/json", []string{"Marshal", "MarshalIndent"}, reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]())
	add("encoding/json/json", []string{"Unmarshal"}, reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]())
	add("encoding/xml/xml", []string{"Marshal", "MarshalIndent"}, reflect.TypeFor[xml.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]())
	add("encoding/xml/xml", []string{"Unmarshal"}, reflect.TypeFor[xml.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]())
	return types
}
