package onnx

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const vectors = "../../testdata/interop/"

func TestEncodeThenParse(t *testing.T) {
	want := &Model{
		Opset: 13, Producer: "test",
		Nodes: []Node{{Op: "Conv", Name: "conv1", Inputs: []string{"x", "w", ""}, Outputs: []string{"y"}, Attributes: []Attribute{
			IntsAttribute("pads", 1, 1, 1, 1), IntAttribute("group", 4), FloatAttribute("alpha", 0.5), TextAttribute("mode", "nearest"),
		}}},
		Weights: []Tensor{{Name: "w", Shape: []int64{2, 1}, Floats: []float32{1, -2}}, {Name: "s", Shape: []int64{2}, Ints: []int64{0, -1}}},
		Inputs:  []Value{{Name: "x", Shape: []int64{-1, 4, 8, 8}}},
		Outputs: []Value{{Name: "y", Shape: []int64{-1, 2}}},
	}
	got, err := Parse(want.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Attribute{})); diff != "" {
		t.Error(diff)
	}
	n := &got.Nodes[0]
	if n.Int("group", 1) != 4 || n.Int("none", 7) != 7 || n.Float("alpha", 0) != 0.5 || len(n.Ints("pads")) != 4 {
		t.Error("attributes")
	}
}

func TestReadWhatPyTorchWrote(t *testing.T) {
	for file, nodes := range map[string]int{"tiny_resnext_opset13.onnx": 46, "tiny_resnext_train_opset13.onnx": 105} {
		raw, err := os.ReadFile(vectors + file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if m.Opset != 13 || len(m.Nodes) != nodes || len(m.Inputs) != 1 || len(m.Outputs) != 1 {
			t.Errorf("%s: opset %d, %d nodes, inputs %v", file, m.Opset, len(m.Nodes), m.Inputs)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add((&Model{Opset: 13, Nodes: []Node{{Op: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}}},
		Weights: []Tensor{{Name: "w", Shape: []int64{1}, Floats: []float32{1}}},
		Inputs:  []Value{{Name: "x", Shape: []int64{1, 2}}}}).Encode())
	f.Add([]byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(raw)
		if err != nil {
			return
		}
		for _, w := range m.Weights {
			if len(w.Floats) > len(raw) || len(w.Ints) > len(raw) {
				t.Errorf("a weight has more numbers than the file has bytes")
			}
		}
		m.Encode()
	})
}
