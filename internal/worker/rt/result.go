package rt

import (
	"reflect"
	"strings"

	"github.com/groupnb/groupnb/repl/display"
)

// Result publishes the values of a cell's last expression.
func Result(values ...any) {
	if host.Publish == nil || len(values) == 0 {
		return
	}
	if len(values) == 1 {
		host.Publish(bundle(values[0]))
		return
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = bundle(v).Text()
	}
	host.Publish(display.NewText(strings.Join(texts, " ")))
}

// bundle represents a value; a function shows its type, for its address means nothing.
func bundle(v any) display.Bundle {
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Func && t.NumMethod() == 0 {
		return display.NewText(t.String())
	}
	return display.Of(v)
}
