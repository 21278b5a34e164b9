package nn

import (
	"fmt"

	"github.com/groupnb/groupnb/repl/display"
)

// Capture runs the model over d and returns the outputs of the named layers ("conv1", "block2.conv2", "block2"), each
// for all of d. It needs memory for all of them; [Model.Correlate] does not.
// It returns an error for an unknown name, and one that wraps context.Canceled when the notebook cell is interrupted.
func (m *Model) Capture(d Dataset, layers ...string) (map[string]*Tensor, error) {
	all := map[string]*Tensor{}
	at := 0
	err := m.watch(d, layers, func(b *Batch, outs []*Tensor) {
		for i, out := range outs {
			t := all[layers[i]]
			if t == nil {
				t = NewTensor(append([]int{d.Len()}, out.Shape[1:]...)...)
				all[layers[i]] = t
			}
			copy(t.Data[at*size(out.Shape[1:]):], out.Data)
		}
		at += b.X.Shape[0]
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// watch runs the model over d in evaluation and calls f with each batch and the outputs of the named layers.
func (m *Model) watch(d Dataset, layers []string, f func(b *Batch, outs []*Tensor)) (err error) {
	defer recovered(&err)
	ids := make([]int, len(layers))
	for i, name := range layers {
		if ids[i], err = m.graph.find(name); err != nil {
			return err
		}
	}
	outs := make([]*Tensor, len(ids))
	err = m.each(display.Context(), d, func(b *Batch, _ *Tensor) {
		for i, id := range ids {
			outs[i] = m.last.values[m.last.kept[id]]
		}
		f(b, outs)
	}, ids...)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}
