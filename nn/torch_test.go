package nn

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// python is Debian's interpreter, for which the package python3-torch is made.
const python = "/usr/bin/python3"

// torchJob is a network for testdata/torchnets.py.
type torchJob struct {
	Path  string    `json:"path"` // of the weights, without their ending
	Spec  ModelSpec `json:"spec"`
	Shape []int     `json:"shape"`
	X     []float32 `json:"x"`
}

// torchNets are networks that together have every layer, but those below that PyTorch writes in the same way.
var torchNets = map[string]struct {
	shape  []int
	layers string
}{
	"one dimension": {[]int{2, 12}, `
		{"kind": "Conv1D", "in": 2, "out": 6, "kernel": [3], "groups": 2, "dilation": [2], "padding": [2]}, {"kind": "BatchNorm1D", "in": 6},
		{"kind": "GELUTanh"}, {"kind": "MaxPool1D", "kernel": [2]}, {"kind": "ConvTranspose1D", "in": 6, "out": 4, "kernel": [3], "stride": [2], "groups": 2},
		{"kind": "AvgPool1D", "kernel": [2]}, {"kind": "Branches", "layers": [{"kind": "GlobalAvgPool1D"}, {"kind": "GlobalMaxPool1D"}]},
		{"kind": "LayerNorm", "in": 8}, {"kind": "Linear", "in": 8, "out": 3, "no_bias": true}, {"kind": "Tanh"}`},
	"three dimensions": {[]int{2, 4, 6, 6}, `
		{"kind": "Conv3D", "in": 2, "out": 4, "kernel": [1, 3, 3], "groups": 2, "stride": [1, 2, 1], "padding": [0, 1, 1]}, {"kind": "BatchNorm3D", "in": 4, "eps": 0.01},
		{"kind": "SiLU"}, {"kind": "MaxPool3D", "kernel": [2]}, {"kind": "ConvTranspose3D", "in": 4, "out": 4, "kernel": [2], "stride": [2]},
		{"kind": "AvgPool3D", "kernel": [2]}, {"kind": "SumOf", "layers": [{"kind": "GlobalAvgPool3D"}, {"kind": "GlobalMaxPool3D"}]}, {"kind": "LogSoftmax"}`},
	"two dimensions": {[]int{3, 13, 13}, `
		{"kind": "Conv2D", "in": 3, "out": 8, "kernel": [3], "padding": [1], "stride": [2], "no_bias": true}, {"kind": "GroupNorm", "in": 8, "groups": 2},
		{"kind": "HardSwish"}, {"kind": "ChannelShuffle", "groups": 4}, {"kind": "DepthwiseConv2D", "in": 8, "multiplier": 2, "kernel": [3], "padding": [1]},
		{"kind": "BatchNorm2D", "in": 16}, {"kind": "ReLU6"}, {"kind": "SqueezeExcite", "in": 16, "se": 4}, {"kind": "Upsample", "kernel": [2]},
		{"kind": "MaxPool2D", "kernel": [3], "stride": [2], "padding": [1]}, {"kind": "ConvTranspose2D", "in": 16, "out": 6, "kernel": [3], "stride": [2], "padding": [1], "output_padding": [1], "groups": 2},
		{"kind": "Residual", "layers": [{"kind": "SeparableConv2D", "in": 6, "out": 6, "kernel": [3], "padding": [1]}, {"kind": "InstanceNorm", "in": 6}, {"kind": "ELU", "value": 0.5}]},
		{"kind": "AvgPool2D", "kernel": [3], "stride": [2], "padding": [1], "skip_padding": true}, {"kind": "AvgPool2D", "kernel": [2], "ceil": true},
		{"kind": "ChannelNorm", "in": 6}, {"kind": "LeakyReLU", "value": 0.1}, {"kind": "HardSigmoid"}, {"kind": "Sigmoid"}, {"kind": "GELU"},
		{"kind": "Softmax"}, {"kind": "Flatten"}, {"kind": "Reshape", "shape": [6, 4, 4]}, {"kind": "Dropout", "value": 0.5}, {"kind": "GlobalMaxPool2D"}`},
	"blocks": {[]int{3, 16, 16}, `
		{"kind": "Conv2D", "in": 3, "out": 8, "kernel": [3], "padding": [1]}, {"kind": "ReLU"},
		{"kind": "BasicBlock", "in": 8, "out": 12, "stride": [2]}, {"kind": "InvertedResidual", "in": 12, "out": 12, "expand": 3},
		{"kind": "InvertedResidual", "in": 12, "out": 16, "stride": [2]}, {"kind": "ConvNeXtBlock", "in": 16, "value": 0.1},
		{"kind": "ShuffleSplitUnit", "in": 16, "out": 16}, {"kind": "ShuffleSplitUnit", "in": 16, "out": 24, "stride": [2]}, {"kind": "Bottleneck", "in": 24, "out": 32},
		{"kind": "GlobalAvgPool2D"}, {"kind": "Linear", "in": 32, "out": 5}`},
	"SE-ResNeXt, with torchvision's names": {[]int{3, 32, 32}, `
		{"kind": "Conv2D", "name": "conv1", "in": 3, "out": 16, "kernel": [7], "stride": [2], "padding": [3], "no_bias": true}, {"kind": "BatchNorm2D", "name": "bn1", "in": 16},
		{"kind": "ReLU"}, {"kind": "MaxPool2D", "kernel": [3], "stride": [2], "padding": [1]},
		{"kind": "Stack", "name": "layer1", "layers": [
			{"kind": "ResNeXtBlock", "in": 16, "out": 32, "cardinality": 8, "base_width": 2}, {"kind": "ResNeXtBlock", "in": 32, "out": 32, "cardinality": 8, "base_width": 2, "se": 4}]},
		{"kind": "Stack", "name": "layer2", "layers": [{"kind": "ResNeXtBlock", "in": 32, "out": 64, "cardinality": 8, "base_width": 4, "stride": [2]}]},
		{"kind": "GlobalAvgPool2D"}, {"kind": "Linear", "name": "fc", "in": 64, "out": 10}`},
}

// sameInTorch are layers that torchNets does without: they are made of others, have no weights or share their code.
var sameInTorch = []string{
	"Func", "Custom", "Named", "Sequential", "Conv2DKernel", "Conv3DKernel", "Dropout2D", "StochasticDepth", "ResidualReLU", "ResidualVia",
	"ShuffleUnit", "ShuffleDown",
}

func TestPyTorchSeesEveryLayer(t *testing.T) {
	seen := map[string]bool{}
	var visit func(layers []LayerSpec)
	visit = func(layers []LayerSpec) {
		for _, l := range layers {
			seen[l.Kind] = true
			visit(l.Layers)
		}
	}
	for _, n := range torchNets {
		visit(torchSpec(t, n.layers).Layers)
	}
	for _, name := range layerConstructors(t) {
		if !seen[name] && !slices.Contains(sameInTorch, name) {
			t.Errorf("%s is in no network that PyTorch loads", name)
		}
	}
}

// torchSpec gives layers that have none the names that the model gives them.
func torchSpec(t *testing.T, layers string) ModelSpec {
	t.Helper()
	var s ModelSpec
	if err := json.Unmarshal([]byte(`{"layers": [`+layers+`]}`), &s); err != nil {
		t.Fatal(err)
	}
	var name func(layers []LayerSpec)
	name = func(layers []LayerSpec) {
		for i := range layers {
			if l := &layers[i]; l.Kind != "Stack" && l.Kind != "Branches" && l.Kind != "SumOf" {
				name(l.Layers)
			}
			if layers[i].Name == "" {
				layers[i].Name = fmt.Sprint(layers[i].Kind, i)
			}
		}
	}
	name(s.Layers)
	return s
}

// PyTorch itself must load what we save in each format, with all names, and compute the same.
func TestPyTorchLoadsWhatWeSave(t *testing.T) {
	if err := exec.Command(python, "-c", "import importlib.util as u; assert u.find_spec('torch') and u.find_spec('numpy')").Run(); err != nil {
		t.Skip("needs Debian's packages python3-torch and python3-numpy")
	}
	dir := t.TempDir()
	var jobs []torchJob
	var names []string
	var want []*Tensor
	for name, n := range torchNets {
		s := torchSpec(t, n.layers)
		m, err := s.Build(3)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		train(t, m, n.shape)
		j := torchJob{Path: filepath.Join(dir, fmt.Sprint(len(jobs))), Spec: s}
		for _, ending := range []string{".pt", ".npz", ".safetensors"} {
			if err := m.Save(j.Path + ending); err != nil {
				t.Fatal(err)
			}
		}
		x := randomTensor(6, append([]int{2}, n.shape...)...)
		j.X, j.Shape = x.Data, x.Shape
		jobs, names, want = append(jobs, j), append(names, name), append(want, m.Forward(x, false))
	}
	for i, got := range runTorch(t, dir, jobs) {
		near(t, names[i/3], want[i/3].Data, got, 3*tolerance(got))
	}
}

// runTorch returns three outputs of each job, one for each format.
func runTorch(t *testing.T, dir string, jobs []torchJob) (outputs [][]float64) {
	t.Helper()
	raw, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "job.json"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/torchnets.py", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &outputs); err != nil {
		t.Fatal(err)
	}
	if len(outputs) != 3*len(jobs) {
		t.Fatalf("%d outputs of %d networks", len(outputs), len(jobs))
	}
	return outputs
}
