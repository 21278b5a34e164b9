package nn

import (
	"fmt"
	"math"
)

// A RegNetSpec describes a RegNet (Radosavovic et al. 2020), in which the width of a group is fixed and the number of groups
// follows from it; it reads and writes JSON. Block i is Start + i·Slope channels wide, rounded to Start·Step^k and to 8.
type RegNetSpec struct {
	In         int     `json:"in,omitempty"`      // input channels, 3
	Classes    int     `json:"classes,omitempty"` // 1000
	Depth      int     `json:"depth"`             // blocks
	Start      float64 `json:"start"`             // the paper's w_0
	Slope      float64 `json:"slope"`             // w_a
	Step       float64 `json:"step"`              // w_m
	GroupWidth int     `json:"group_width"`       // channels of a group of the 3x3 convolutions
	SE         float64 `json:"se,omitempty"`      // share of a block's input channels that squeeze-excite keeps, none
}

// RegNetX400MF is the spec of the network that torchvision calls regnet_x_400mf, RegNetY400MF that of regnet_y_400mf.
var (
	RegNetX400MF = RegNetSpec{Depth: 22, Start: 24, Slope: 24.48, Step: 2.54, GroupWidth: 16}
	RegNetY400MF = RegNetSpec{Depth: 16, Start: 48, Slope: 27.89, Step: 2.09, GroupWidth: 8, SE: 0.25}
)

// regStage is a run of blocks of one width.
type regStage struct{ width, group, blocks int }

// stages rounds the widths, as torchvision does.
func (s RegNetSpec) stages() []regStage {
	var all []regStage
	for i := range s.Depth {
		power := math.RoundToEven(math.Log((s.Start+float64(i)*s.Slope)/s.Start) / math.Log(s.Step))
		width := int(math.RoundToEven(s.Start*math.Pow(s.Step, power)/8)) * 8
		if len(all) == 0 || all[len(all)-1].width != width {
			all = append(all, regStage{width: width})
		}
		all[len(all)-1].blocks++
	}
	for i, st := range all {
		all[i].group = min(s.GroupWidth, st.width)
		all[i].width = divisible(st.width, all[i].group)
	}
	return all
}

// divisible is the multiple of d that is nearest to v, but not below nine tenths of it.
func divisible(v, d int) int {
	n := max(d, (v+d/2)/d*d)
	if 10*n < 9*v {
		n += d
	}
	return n
}

func (s RegNetSpec) check() error {
	switch {
	case s.Depth < 1:
		return ConfigError{"RegNetSpec", fmt.Sprintf("depth is %d, want 1 or more", s.Depth)}
	case !(s.Start >= 8 && s.Start <= 1<<16) || !(s.Slope >= 0 && s.Slope <= 1<<16) || !(s.Step > 1):
		return ConfigError{"RegNetSpec", fmt.Sprintf("start %g, slope %g and step %g, want 8 or more, 0 or more, and more than 1", s.Start, s.Slope, s.Step)}
	case s.GroupWidth < 1:
		return ConfigError{"RegNetSpec", fmt.Sprintf("groups of %d channels, want 1 or more", s.GroupWidth)}
	case !(s.SE >= 0):
		return ConfigError{"RegNetSpec", fmt.Sprintf("squeeze-excite keeps %g, want 0 or more", s.SE)}
	}
	return nil
}

// Build makes the model with weights from seed, for 224x224 images, with torchvision's names.
func (s RegNetSpec) Build(seed uint64) (m *Model, err error) {
	defer recovered(&err)
	orElse(&s.In, 3)
	orElse(&s.Classes, 1000)
	if err := s.check(); err != nil {
		return nil, err
	}
	in := 32
	var trunk []Layer
	for i, st := range s.stages() {
		var stage []Layer
		for k := range st.blocks {
			stride := 1
			if k == 0 {
				stride = 2
			}
			stage = append(stage, Named(fmt.Sprintf("block%d-%d", i+1, k), s.block(in, st, stride)))
			in = st.width
		}
		trunk = append(trunk, Named(fmt.Sprint("block", i+1), Stack(stage...)))
	}
	m = Sequential(
		Named("stem", convNorm(s.In, 32, 3, ReLU(), Stride(2))), Named("trunk_output", Stack(trunk...)),
		Named("avgpool", GlobalAvgPool2D()), Named("fc", Linear(in, s.Classes, Init(Normal(0.01)), BiasInit(Zeros()))))
	m.seed = seed
	return m, nil
}

func (s RegNetSpec) block(in int, st regStage, stride int) Layer {
	w := st.width
	f := []Layer{
		Named("a", convNorm(in, w, 1, ReLU())), Named("b", convNorm(w, w, 3, ReLU(), Stride(stride), Groups(w/st.group))),
	}
	if s.SE > 0 {
		f = append(f, Named("se", convSqueezeExcite(w, max(1, int(math.RoundToEven(s.SE*float64(in)))), ReLU(), Sigmoid())))
	}
	b := &regBlock{f: Sequential(append(f, Named("c", convNorm(w, w, 1, nil)))...)}
	if in != w || stride != 1 {
		b.proj = convNorm(in, w, 1, nil, Stride(stride))
	}
	return b
}

type regBlock struct {
	f    *Model
	proj Layer // nil for the identity
}

func (*regBlock) stem() string { return "block" }

// Graph implements Layer.
func (b *regBlock) Graph(g *Graph, x Value) Value {
	y := g.Layer("f", b.f, x)
	if b.proj != nil {
		x = g.Layer("proj", b.proj, x)
	}
	return g.Layer("activation", ReLU(), g.Sum("add", x, y))
}

// orElse sets what is 0 to its default.
func orElse(v *int, def int) {
	if *v == 0 {
		*v = def
	}
}
