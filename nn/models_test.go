package nn

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestParametersAndMultiplyAddsOfThePapers(t *testing.T) {
	var table map[string]json.RawMessage
	readJSON(t, "testdata/tables/params_macs.json", &table)
	models := map[string]*Model{
		"resnet18": ResNet(18), "resnet50": ResNet(50), "resnet101": ResNet(101), "resnet152": ResNet(152),
		"wide_resnet50_2":  ResNeXt(50, 1, 128),
		"resnext50_32x4d":  ResNeXt(50, 32, 4),
		"resnext101_32x8d": ResNeXt(101, 32, 8),
		"resnext101_64x4d": ResNeXt(101, 64, 4),
		"alexnet":          AlexNet(),
		"mobilenet_v2":     MobileNetV2(),

		"mobilenet_v3_small": MobileNetV3Small(),
		"shufflenet_v2_x1_0": ShuffleNetV2(1),
		"regnet_x_400mf":     built(t, RegNetX400MF),
		"regnet_y_400mf":     built(t, RegNetY400MF),
		"efficientnet_b0":    EfficientNetB0(),
		"convnext_tiny":      ConvNeXtTiny(),

		"RX101 1x100d": ResNeXt(101, 1, 100),
		"RX101 2x64d":  ResNeXt(101, 2, 64),
		"RX101 64x4d":  ResNeXt(101, 64, 4),
	}
	for _, v := range [][2]int{{1, 64}, {2, 40}, {4, 24}, {8, 14}, {32, 4}} {
		for _, depth := range []int{50, 101} {
			models[fmt.Sprintf("RX%d %dx%dd", depth, v[0], v[1])] = ResNeXt(depth, v[0], v[1])
		}
	}
	for _, v := range [][2]int{{1, 64}, {2, 64}, {4, 64}, {8, 64}, {16, 64}, {32, 4}, {2, 32}, {8, 16}} {
		for _, classes := range []int{10, 100} {
			models[fmt.Sprintf("RX29 %dx%dd c%d", v[0], v[1], classes)] = ResNeXtCIFAR(29, v[0], v[1], Classes(classes))
		}
	}
	for name, raw := range table {
		var want struct {
			Params int
			MACs   int64
		}
		if json.Unmarshal(raw, &want) != nil || want.MACs == 0 {
			continue // the article's convolutions and the two sums for AlexNet, which stand below
		}
		m := models[name]
		if m == nil {
			t.Errorf("%s of the table is not built here", name)
			continue
		}
		side := 224
		if name[:4] == "RX29" {
			side = 32
		}
		s := m.Summary(3, side, side)
		if s.Params != want.Params || s.MACs != want.MACs {
			t.Errorf("%s: %d parameters and %d multiply-adds, want %d and %d", name, s.Params, s.MACs, want.Params, want.MACs)
		}
	}
	if len(models) < 45 {
		t.Errorf("%d models", len(models))
	}
	var grouped, ungrouped int
	json.Unmarshal(table["alexnet_grouped_params"], &grouped)
	json.Unmarshal(table["alexnet_ungrouped_params"], &ungrouped)
	if g, u := AlexNetGrouped(2).Summary(3, 227, 227).Params, AlexNetGrouped(1).Summary(3, 227, 227).Params; g != grouped || u != ungrouped {
		t.Errorf("AlexNet: %d and %d parameters, want %d and %d", g, u, grouped, ungrouped)
	}
}

func built(t *testing.T, spec interface {
	Build(seed uint64) (*Model, error)
}) *Model {
	t.Helper()
	m, err := spec.Build(1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The complexities of ShuffleNet, table 1 of the paper, in millions of multiply-adds before the last layer.
func TestShuffleNetsComplexities(t *testing.T) {
	for groups, want := range map[int]int64{1: 143, 2: 140, 3: 137, 4: 133, 8: 137} {
		s := ShuffleNet(groups).Summary(3, 224, 224)
		if got := s.MACs - s.Layers[len(s.Layers)-1].MACs; (got+500_000)/1_000_000 != want {
			t.Errorf("%d groups: %d multiply-adds, want %d million", groups, got, want)
		}
	}
}

// The numbers of Deep Roots, table of Network in Network on CIFAR-10.
func TestNetworkInNetworkRoots(t *testing.T) {
	for _, c := range []struct {
		root, params int
		macs         float64 // e8, as printed
	}{{1, 966986, 2.225}, {2, 736586, 1.635}, {4, 455498, 1.234}, {8, 314954, 1.033}, {16, 244682, 0.933}} {
		s := NiN(c.root).Summary(3, 32, 32)
		if macs := float64(s.MACs) / 1e8; s.Params != c.params || fmt.Sprintf("%.3f", macs) != fmt.Sprintf("%.3f", c.macs) {
			t.Errorf("root-%d: %d parameters and %.4f e8 multiply-adds, want %d and %.3f", c.root, s.Params, macs, c.params, c.macs)
		}
	}
}

func TestTheArticlesConvolutions(t *testing.T) {
	for groups, weights := range map[int]int{1: 138240, 2: 69120, 4: 34560} {
		if n := Sequential(Conv2D(60, 256, 3, Groups(groups))).Summary(60, 8, 8).Params; n != weights+256 {
			t.Errorf("60 to 256 channels in %d groups: %d parameters, want %d + 256", groups, n, weights)
		}
	}
}

// Equation 4 of the paper: parameters of a block are C·(256·d + 9·d·d + 256·d).
func TestEquationFour(t *testing.T) {
	for _, c := range []struct{ cardinality, width, want int }{{1, 64, 69632}, {2, 40, 69760}, {4, 24, 69888}, {8, 14, 71456}, {32, 4, 70144}} {
		b := ResNeXtBlock(256, 256, Cardinality(c.cardinality), BaseWidth(c.width), NoNorm())
		if n := Sequential(b).Summary(256, 8, 8).Params; n != c.want {
			t.Errorf("%dx%dd: %d parameters, want %d", c.cardinality, c.width, n, c.want)
		}
	}
}

func TestResNeXt50LayerByLayer(t *testing.T) {
	var want struct {
		Layers []struct {
			Name   string
			Out    []int
			Params int
			MACs   int64
		}
		State [][2]json.RawMessage `json:"state_dict"`
	}
	readJSON(t, "testdata/tables/resnext50_32x4d_layers.json", &want)
	m := ResNeXt(50, 32, 4)
	have := map[string]LayerSummary{}
	for _, l := range m.Summary(3, 224, 224).Layers {
		have[l.Name] = l
	}
	for _, w := range want.Layers {
		l := have[w.Name]
		if !slices.Equal(l.Out, w.Out) || l.Params != w.Params || l.MACs != w.MACs {
			t.Errorf("%s: %v with %d parameters and %d multiply-adds, want %v, %d, %d", w.Name, l.Out, l.Params, l.MACs, w.Out, w.Params, w.MACs)
		}
	}
	m.name()
	shapes := map[string]string{}
	for _, n := range m.graph.nodes {
		for _, p := range n.op.params() {
			shapes[p.Name] = fmt.Sprint(p.Shape)
		}
		for _, b := range n.op.buffers() {
			shapes[b.Name] = fmt.Sprint(b.Value.Shape)
		}
	}
	for _, entry := range want.State {
		var name string
		var shape []int
		json.Unmarshal(entry[0], &name)
		json.Unmarshal(entry[1], &shape)
		if strings.HasSuffix(name, "num_batches_tracked") {
			continue
		}
		if shapes[name] != fmt.Sprint(shape) {
			t.Errorf("%s has shape %s, want %v", name, shapes[name], shape)
		}
		delete(shapes, name)
	}
	if len(shapes) > 0 {
		t.Errorf("PyTorch does not have %v", shapes)
	}
}

func TestSpecsAreTheSameModelsAndKeepInJSON(t *testing.T) {
	spec := ResNeXtSpec{In: 1, Stem: 16, StemKernel: 3, Blocks: []int{1, 2, 1}, Widths: []int{32, 64, 96}, Cardinality: 4, BaseWidth: 2, Classes: 10}
	raw, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var again ResNeXtSpec
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	m, err := again.Build(1)
	if err != nil {
		t.Fatal(err)
	}
	want := tinyResNeXt()
	if diff := cmp.Diff(want.Layers(), m.Layers()); diff != "" {
		t.Error(diff)
	}
	if len(weights(want)) != len(weights(m)) {
		t.Error("the spec's model has other parameters")
	}
	for want, s := range map[string]ResNeXtSpec{
		"ResNeXtSpec: no blocks":                                                 {},
		"ResNeXtSpec: 2 widths for 1 stages":                                     {Blocks: []int{1}, Widths: []int{8, 16}},
		"ResNeXtSpec: stem kernel is 5, want 3 or 7":                             {Blocks: []int{1}, StemKernel: 5},
		"ResNeXtBlock: the cardinality is -1, want 1 or more":                    {Blocks: []int{1}, Cardinality: -1},
		"ResNeXtSpec: basic blocks have neither groups nor SE nor PreActivation": {Blocks: []int{1}, Basic: true, SE: 4},
	} {
		if _, err := s.Build(1); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := (ResNeXtSpec{Blocks: []int{1, 1}, SE: 4, Preactivate: true, StemKernel: 3}).Build(1); err != nil {
		t.Error(err)
	}
}
