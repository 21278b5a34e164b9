package worker

import (
	"reflect"
	"testing"

	"github.com/traefik/yaegi/interp"
)

// What nodes.go says of the interpreter's types is so.
func TestMirroredTypes(t *testing.T) {
	interpreterFrame := privateType(reflect.TypeFor[interp.Interpreter](), "frame").Elem()
	interpreterSymbol := privateType(interpNode, "sym").Elem()
	for _, c := range []struct {
		mine, theirs reflect.Type
		whole        bool
	}{
		{reflect.TypeFor[node](), interpNode, true},
		{reflect.TypeFor[program](), reflect.TypeFor[interp.Program](), true},
		{reflect.TypeFor[frame](), interpreterFrame, false},
		{reflect.TypeFor[symbol](), interpreterSymbol, false},
	} {
		if c.whole && (c.mine.NumField() != c.theirs.NumField() || c.mine.Size() != c.theirs.Size()) {
			t.Errorf("%v has %d fields in %d bytes, %v %d in %d", c.mine, c.mine.NumField(), c.mine.Size(), c.theirs, c.theirs.NumField(), c.theirs.Size())
			continue
		}
		for i := range c.mine.NumField() {
			mine := c.mine.Field(i)
			if mine.Name == "_" {
				continue
			}
			theirs, _ := c.theirs.FieldByName(mine.Name)
			if theirs.Type == nil || mine.Offset != theirs.Offset || mine.Type.Kind() != theirs.Type.Kind() {
				t.Errorf("%v: field %v, the interpreter has %v", c.mine, mine, theirs)
			}
		}
	}
}
