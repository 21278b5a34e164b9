package nn

import (
	"slices"
	"testing"
)

// The twins of five convolutions in the order of Keras: channels last, kernels (k..., in/groups, filters).
func TestKerasLayout(t *testing.T) {
	files := glob(t, "testdata/conv/*_keras.safetensors")
	if len(files) != 5 {
		t.Errorf("%d files, want 5", len(files))
	}
	for _, path := range files {
		v := readVectors(t, path)
		t.Run(v.name, func(t *testing.T) {
			v.t = t
			c := readConvCase(v)
			conv := c.layer()
			conv.Weight.SetValue(FromKeras(v.tensor("w")))
			conv.Bias.SetValue(v.tensor("b"))
			m := Sequential(conv)
			v.near("y", ChannelsLast(m.Forward(ChannelsFirst(v.tensor("x")), true)).Data, c.tolerance["y"])
			v.near("dx", ChannelsLast(m.Backward(ChannelsFirst(v.tensor("dy")))).Data, c.tolerance["dx"])
			v.near("dw", ToKeras(conv.Weight.Grad).Data, c.tolerance["dw"])
			v.near("db", conv.Bias.Grad.Data, c.tolerance["db"])
		})
	}
}

func TestPermute(t *testing.T) {
	x := FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	if y := x.Permute(1, 0); !slices.Equal(y.Data, []float32{1, 4, 2, 5, 3, 6}) || !slices.Equal(y.Shape, []int{3, 2}) {
		t.Errorf("%v", y)
	}
	if got := refusal(func() { x.Permute(0, 0) }); got != "Permute: the order is (0, 0), want each of 2 dimensions once" {
		t.Error(got)
	}
}

func TestTensor(t *testing.T) {
	x := NewTensor(2, 3)
	x.Set(5, 1, 2)
	if x.At(1, 2) != 5 || x.Dim(-1) != 3 || x.Len() != 6 || x.Reshape(3, -1).Dim(1) != 2 || x.Slice(1, 2).Data[2] != 5 {
		t.Errorf("%v", x)
	}
	if got := x.String(); got != "Tensor(2, 3) [0 0 0 0 0 5]" {
		t.Error(got)
	}
	if got := NewTensor(10, 10).String(); got != "Tensor(10, 10) from 0 to 0" {
		t.Error(got)
	}
	for want, f := range map[string]func(){
		"Tensor.At: input is (2, 0), want an index inside (2, 3)": func() { x.At(2, 0) },
		"Tensor.At: input is (1), want 2 indices":                 func() { x.At(1) },
		"Reshape: input is (4, 2), want 6 numbers":                func() { x.Reshape(4, 2) },
		"FromSlice: input is (3), want 6 numbers for (2, 3)":      func() { FromSlice(make([]float32, 3), 2, 3) },
		"Tensor: input is (-1), want sizes of 0 or more":          func() { NewTensor(-1) },
	} {
		if got := refusal(f); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Dense and depthwise kernels of Keras, against their definition on channels-last numbers.
func TestKerasDenseAndDepthwise(t *testing.T) {
	x := randomTensor(1, 2, 3, 4, 5) // (N, C, H, W)
	last := ChannelsLast(x)
	kernel := randomTensor(2, 60, 7)
	want := NewTensor(2, 7)
	for n := range 2 {
		for i := range 60 { // as Keras flattens
			for o := range 7 {
				want.Data[n*7+o] += last.Data[n*60+i] * kernel.At(i, o)
			}
		}
	}
	fc := Linear(60, 7, NoBias())
	fc.Weight.SetValue(FromKerasDense(kernel, 3, 4, 5))
	sameNumbers(t, "dense", Sequential(Flatten(), fc).Forward(x, false), want, 1e-4)
	sameNumbers(t, "dense and back", ToKerasDense(fc.Weight.Value, 3, 4, 5), kernel, 0)
	sameNumbers(t, "dense without flattening", ToKerasDense(FromKerasDense(kernel)), kernel, 0)

	depthwise := randomTensor(3, 2, 2, 3, 2) // (kh, kw, C, multiplier)
	conv := DepthwiseConv2D(3, 2, 2, NoBias())
	conv.Weight.SetValue(FromKerasDepthwise(depthwise))
	y := Sequential(conv).Forward(x, false)
	for c := range 3 {
		for m := range 2 {
			var want float32
			for i := range 2 {
				for j := range 2 {
					want += last.At(1, 2+i, 3+j, c) * depthwise.At(i, j, c, m)
				}
			}
			if got := y.At(1, 2*c+m, 2, 3); got-want > 1e-5 || want-got > 1e-5 {
				t.Errorf("channel %d, filter %d: %g, want %g", c, m, got, want)
			}
		}
	}
	sameNumbers(t, "depthwise and back", ToKerasDepthwise(conv.Weight.Value, 2), depthwise, 0)

	transposed := randomTensor(4, 2, 3, 5, 4) // (kh, kw, filters, in)
	w := FromKerasTranspose(transposed)
	if w.At(3, 4, 1, 2) != transposed.At(1, 2, 4, 3) || !slices.Equal(w.Shape, []int{4, 5, 2, 3}) {
		t.Errorf("transposed: %v", w.Shape)
	}
	sameNumbers(t, "transposed and back", ToKerasTranspose(w), transposed, 0)
	for want, f := range map[string]func(){
		"FromKerasDense: the kernel is (60, 7), want (in, out) with in = 3x4":                    func() { FromKerasDense(kernel, 3, 4) },
		"ToKerasDepthwise: the weight is (6, 1, 2, 2), want (channels·multiplier, 1, kernel...)": func() { ToKerasDepthwise(conv.Weight.Value, 4) },
	} {
		if got := refusal(f); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
