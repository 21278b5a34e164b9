package nn

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// convCase is the configuration of a convolution vector.
type convCase struct {
	dims, in, out, groups    int
	kernel, stride, dilation []int
	padding                  []int
	mode                     string
	bias                     bool
	tolerance                map[string]float64
}

func readConvCase(v *vectors) convCase {
	c := convCase{dims: v.metaInt("nd"), in: v.metaInt("cin"), out: v.metaInt("cout"), groups: v.metaInt("groups")}
	v.meta("kernel", &c.kernel)
	v.meta("stride", &c.stride)
	v.meta("dilation", &c.dilation)
	v.meta("bias", &c.bias)
	var err map[string]float64
	v.meta("torch_f32_maxabs_err", &err)
	c.tolerance = map[string]float64{}
	for _, k := range []string{"y", "dx", "dw", "db"} {
		c.tolerance[k] = 8*err[k] + 1e-6
	}
	if c.mode = v.file.Metadata["padding"]; c.mode != "same" && c.mode != "causal" && c.mode != "valid" {
		v.meta("padding", &c.padding)
	}
	return c
}

func (c convCase) layer() *Conv {
	opts := []Option{Groups(c.groups), Stride(c.stride...), Dilation(c.dilation...)}
	switch c.mode {
	case "same":
		opts = append(opts, Same())
	case "causal":
		opts = append(opts, Causal())
	case "valid":
	default:
		opts = append(opts, Padding(c.padding...))
	}
	if !c.bias {
		opts = append(opts, NoBias())
	}
	switch {
	case c.dims == 1:
		return Conv1D(c.in, c.out, c.kernel[0], opts...)
	case c.dims == 2:
		return Conv2DKernel(c.in, c.out, c.kernel[0], c.kernel[1], opts...)
	}
	return Conv3DKernel(c.in, c.out, c.kernel[0], c.kernel[1], c.kernel[2], opts...)
}

func TestConvolutionsAgainstPyTorch(t *testing.T) {
	files := glob(t, shared+"conv/c[123]_*.safetensors")
	if len(files) != 47 {
		t.Errorf("%d files, want 47", len(files))
	}
	for _, path := range files {
		v := readVectors(t, path)
		t.Run(v.name, func(t *testing.T) {
			v.t = t
			c := readConvCase(v)
			conv := c.layer()
			conv.Weight.SetValue(v.tensor("w"))
			if c.bias {
				conv.Bias.SetValue(v.tensor("b"))
			}
			m := Sequential(conv)
			x := v.tensor("x")
			v.near("y", m.Forward(x, true).Data, c.tolerance["y"])
			v.near("dx", m.Backward(v.tensor("dy")).Data, c.tolerance["dx"])
			v.near("dw", conv.Weight.Grad.Data, c.tolerance["dw"])
			if c.bias {
				v.near("db", conv.Bias.Grad.Data, c.tolerance["db"])
			}
			s := m.Summary(x.Shape[1:]...)
			if s.Params != v.metaInt("params") || s.MACs != int64(v.metaInt("macs_per_image")) {
				t.Errorf("%d parameters and %d multiply-adds, want %d and %d", s.Params, s.MACs, v.metaInt("params"), v.metaInt("macs_per_image"))
			}
		})
	}
}

func TestInvalidGroupsAreRefusedWithBothNumbers(t *testing.T) {
	var manifest struct {
		Invalid []struct {
			Cin, Cout, Groups int
			Why               string
		}
	}
	raw, err := os.ReadFile(shared + "conv/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Conv2D: 6 input channels are not divisible by 4 groups",
		"Conv2D: 6 filters are not divisible by 4 groups",
		"Conv2D: 0 groups, want 1 or more",
		"Conv2D: -1 groups, want 1 or more",
		"Conv2D: 60 input channels are not divisible by 8 groups",
		"Conv2D: 4 input channels are not divisible by 8 groups",
	}
	if len(manifest.Invalid) != len(want) {
		t.Fatalf("%d invalid configurations, want %d", len(manifest.Invalid), len(want))
	}
	for i, c := range manifest.Invalid {
		got := refusal(func() { Conv2D(c.Cin, c.Cout, 3, Groups(c.Groups)) })
		if got != want[i] {
			t.Errorf("%d to %d in %d groups (%s): got %q, want %q", c.Cin, c.Cout, c.Groups, c.Why, got, want[i])
		}
	}
}

// refusal returns the message with which f panics, "" if it doesn't.
func refusal(f func()) (msg string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			msg = r.Error()
		default:
			panic(r)
		}
	}()
	f()
	return ""
}

// One function in three forms: a grouped convolution, a convolution for each group side by side, and a dense
// convolution whose weights are 0 outside the blocks.
func TestGroupedIsSplitIsBlockDiagonal(t *testing.T) {
	const groups, in, out, k = 4, 8, 12, 3
	grouped := Conv2D(in, out, k, Padding(1), Groups(groups))
	m := Sequential(grouped)
	m.Init(5)
	x := randomTensor(3, 2, in, 7, 6)
	y := m.Forward(x, false)

	dense := Conv2D(in, out, k, Padding(1))
	md := Sequential(dense)
	md.Init(5)
	blockDiagonal(dense.Weight.Value, grouped.Weight.Value, groups)
	copy(dense.Bias.Value.Data, grouped.Bias.Value.Data)
	sameNumbers(t, "block-diagonal dense", md.Forward(x, false), y, 1e-5)

	split := splitConv{groups: groups}
	for g := range groups {
		c := Conv2D(in/groups, out/groups, k, Padding(1))
		lo := g * out / groups
		c.Weight.SetValue(grouped.Weight.Value.Slice(lo, lo+out/groups))
		c.Bias.SetValue(grouped.Bias.Value.Slice(lo, lo+out/groups))
		split.parts = append(split.parts, c)
	}
	var parts []*Tensor
	for g, c := range split.parts {
		parts = append(parts, Apply(c, channels(x, g*in/groups, (g+1)*in/groups)))
	}
	sameNumbers(t, "split and concatenated", joinChannels(parts), y, 1e-5)
}

// An output of one group must not change by a single bit when another group's inputs do.
func TestGroupsDoNotSeeEachOther(t *testing.T) {
	const groups = 2
	m := Sequential(Conv2D(32, 32, 3, Padding(1), Groups(groups)))
	x := randomTensor(1, 2, 32, 9, 9)
	before := m.Forward(x, false)
	for n := range 2 {
		clear(x.Data[n*32*81:][:16*81])
	}
	after := m.Forward(x, false)
	if !slices.Equal(channels(before, 16, 32).Data, channels(after, 16, 32).Data) {
		t.Error("the second group's outputs depend on the first group's inputs")
	}
	if slices.Equal(channels(before, 0, 16).Data, channels(after, 0, 16).Data) {
		t.Error("the first group's outputs don't depend on its inputs")
	}
}

type splitConv struct {
	groups int
	parts  []*Conv
}

func blockDiagonal(dense, grouped *Tensor, groups int) {
	clear(dense.Data)
	out, in := dense.Shape[0], dense.Shape[1]
	row := size(grouped.Shape[1:])
	for o := range out {
		g := o / (out / groups)
		copy(dense.Data[o*size(dense.Shape[1:])+g*(in/groups)*size(dense.Shape[2:]):], grouped.Data[o*row:][:row])
	}
}
