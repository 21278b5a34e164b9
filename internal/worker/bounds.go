package worker

import (
	"reflect"

	"github.com/groupnb/groupnb/internal/worker/rt"
)

// amendedIndex is for elements of arrays, slices and strings: a panic tells the index and the length. Computing the
// error from the operands when it is too late costs next to nothing when all is well.
func amendedIndex(n *node) {
	getIndexArray(n)
	base, index, run := genValueArray(n.child[0]), genValue(n.child[1]), n.exec
	n.exec = func(f *frame) exec {
		defer func() {
			if r := recover(); r != nil {
				panic(rt.IndexError(r, base(f), index(f)))
			}
		}()
		return run(f)
	}
}

// amendedSlice is the same for slice expressions, with the bounds that are written.
func amendedSlice(n *node, gen func(*node), fromStart bool) {
	gen(n)
	base, run := genValueArray(n.child[0]), n.exec
	var bounds []func(*frame) reflect.Value
	for _, c := range n.child[1:] {
		bounds = append(bounds, genValue(c))
	}
	n.exec = func(f *frame) exec {
		defer func() {
			if r := recover(); r != nil {
				var at []reflect.Value
				if fromStart {
					at = append(at, reflect.ValueOf(0))
				}
				for _, b := range bounds {
					at = append(at, b(f))
				}
				panic(rt.SliceError(r, base(f), at))
			}
		}()
		return run(f)
	}
}
