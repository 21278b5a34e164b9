package nn

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exported are networks that together have every layer that ONNX can express, with the shapes they take.
func exported(t *testing.T) map[string]exportCase {
	return map[string]exportCase{
		"tiny ResNeXt":   {tinyResNeXt(), []int{1, 8, 8}},
		"all layers":     {exotic(), []int{3, 17, 17}},
		"pre-activation": {Sequential(ResNeXtBlock(4, 8, Cardinality(2), BaseWidth(2), PreActivation()), GlobalAvgPool2D(), Softmax()), []int{4, 6, 6}},
		"one dimension": {Sequential(Conv1D(2, 4, 3, Causal(), Groups(2)), BatchNorm1D(4), ReLU(), MaxPool1D(2), ConvTranspose1D(4, 4, 2, Stride(2)),
			AvgPool1D(2), Branches(GlobalAvgPool1D(), GlobalMaxPool1D()), Linear(8, 3)), []int{2, 9}},
		"three dimensions": {Sequential(Conv3D(2, 4, 3, Padding(1), Groups(2)), BatchNorm3D(4), MaxPool3D(2), ConvTranspose3D(4, 4, 2, Stride(2)),
			Conv3DKernel(4, 4, 1, 2, 3), AvgPool3D(2), Branches(GlobalAvgPool3D(), GlobalMaxPool3D()), Linear(8, 3)), []int{2, 4, 4, 4}},
		"blocks": {Sequential(
			Bottleneck(3, 8), BasicBlock(8, 8), InvertedResidual(8, 8, 2, 1), ShuffleUnit(8, 4, 2), ShuffleDown(8, 12, 4, 2),
			ShuffleSplitUnit(12, 12, 1), ShuffleSplitUnit(12, 16, 2), ConvNeXtBlock(16, 0.1), Named("last", Stack(ChannelNorm(16, NoAffine()))),
			ResNeXtBlock(16, 16, Cardinality(2), BaseWidth(4), InForm(SplitSum), SE(4)), ResidualReLU(Conv2DKernel(16, 16, 1, 3, Padding(0, 1))),
			ResidualVia(Conv2D(16, 8, 1), SeparableConv2D(16, 8, 3, Padding(1))), GlobalMaxPool2D(), Reshape(8, 1, 1), Dropout2D(0.2), StochasticDepth(0.2)), []int{3, 12, 12}},
		"EfficientNet": {EfficientNetB0(Classes(5)), []int{3, 32, 32}},
		"MobileNetV2":  {MobileNetV2(Classes(5)), []int{3, 32, 32}},
		"MobileNetV3":  {MobileNetV3Small(Classes(5)), []int{3, 32, 32}},
		"ShuffleNet":   {ShuffleNet(3, Classes(5)), []int{3, 32, 32}},
		"ShuffleNetV2": {ShuffleNetV2(0.5, Classes(5)), []int{3, 32, 32}},
		"RegNetY":      {built(t, RegNetY400MF), []int{3, 32, 32}},
		"NiN":          {NiN(4), []int{3, 32, 32}},
		"AlexNet":      {smallAlexNet(), []int{3, 35, 35}},
	}
}

type exportCase struct {
	model *Model
	shape []int
}

// smallAlexNet has AlexNet's layers with two groups, but few of each.
func smallAlexNet() *Model {
	return Sequential(
		Conv2D(3, 8, 5, Stride(2)), ReLU(), MaxPool2D(3, Stride(2)), Conv2D(8, 12, 5, Padding(2), Groups(2)), ReLU(), MaxPool2D(3, Stride(2)),
		Flatten(), Linear(12*3*3, 20), ReLU(), Dropout(0.5), Linear(20, 5))
}

func TestEveryLayerIsExported(t *testing.T) {
	everyLayerIsIn(t, "onnx_test.go", []string{"exported", "exotic"}, "Func", "Custom")
}

// exotic is a network of every layer that keeps to two dimensions.
func exotic() *Model {
	return Sequential(
		Conv2D(3, 8, 3, Same(), Stride(2)), GroupNorm(2, 8), SiLU(), ChannelShuffle(4), Upsample(2),
		DepthwiseConv2D(8, 2, 3, Padding(1), Dilation(1), NoBias()), BatchNorm2D(16, NoAffine()), HardSwish(),
		SqueezeExcite(16, 4), Residual(Conv2D(16, 16, 1, Groups(4)), GELU()), Residual(GELUTanh(), LeakyReLU(0.1)),
		Branches(Conv2D(16, 4, 1), MaxPool2D(3, Stride(1), Padding(1)), AvgPool2D(3, Stride(1), Padding(1), CountPadding(false))),
		ReLU6(), ELU(0.5), Dropout(0.3), ConvTranspose2D(36, 6, 3, Groups(2), Stride(2), Padding(1), OutputPadding(1)), Sigmoid(), InstanceNorm(6),
		AvgPool2D(2, Ceil()), Tanh(), SumOf(Conv2D(6, 5, 3, Dilation(2), Padding(2)), Conv2D(6, 5, 1), Conv2D(6, 5, 1)),
		HardSigmoid(), Reshape(5, -1), Flatten(), Linear(5*18*18, 12), LayerNorm(12), LogSoftmax())
}

func TestExportedModelsComeBack(t *testing.T) {
	for name, c := range exported(t) {
		if name == "tiny ResNeXt" {
			c.model.Load("testdata/resnext/tiny_init.safetensors")
		}
		train(t, c.model, c.shape)
		path := filepath.Join(t.TempDir(), "m.onnx")
		if err := c.model.ExportONNX(path, c.shape...); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := ImportONNX(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, n := range []int{1, 3} {
			x := randomTensor(4, append([]int{n}, c.shape...)...)
			want := c.model.Forward(x, false)
			near(t, name, again.Forward(x, false).Data, float64sOf(want), 10*tolerance(float64sOf(want)))
		}
	}
}

// train runs a batch through a model so that running statistics are not at their start.
func train(t *testing.T, m *Model, shape []int) {
	t.Helper()
	m.Forward(randomTensor(8, append([]int{4}, shape...)...), true)
}

func TestImportWhatPyTorchExported(t *testing.T) {
	io := readVectors(t, "testdata/interop/tiny_io.safetensors")
	for _, file := range []string{"tiny_resnext_opset13.onnx", "tiny_resnext_train_opset13.onnx"} {
		m, err := ImportONNX("testdata/interop/" + file)
		if err != nil {
			t.Error(err)
			continue
		}
		io.near("eval_logits", m.Forward(io.tensor("x"), false).Data, 2e-6)
		if n := m.Layers(); !slices.Contains(n, "layer2.1.conv2") || !slices.Contains(n, "fc") {
			t.Errorf("%s: layers %v", file, n)
		}
	}
	m, _ := ImportONNX("testdata/interop/tiny_resnext_train_opset13.onnx")
	if err := tinyResNeXt().Load(saved(t, m)); err != nil {
		t.Errorf("names are not kept: %v", err)
	}
}

func saved(t *testing.T, m *Model) string {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatONNXCannotExpressIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	err := Sequential(Conv2D(3, 3, 1), cube()).ExportONNX(path, 3, 4, 4)
	if err == nil || !strings.Contains(err.Error(), "layer cube1 (cube) has no counterpart in ONNX") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was left behind")
	}
	if err := smallNet().ExportONNX(path, 3, 8, 8); err == nil || !strings.Contains(err.Error(), "Conv2D conv1: input is (1, 3, 8, 8)") {
		t.Errorf("got %v", err)
	}
}

// The judge is ONNX Runtime itself, through Node.js: NODE_PATH must lead to the package onnxruntime-node.
func TestONNXRuntimeAgrees(t *testing.T) {
	if err := exec.Command("node", "-e", "require('onnxruntime-node')").Run(); err != nil {
		t.Skip("needs node and the npm package onnxruntime-node in NODE_PATH")
	}
	dir := t.TempDir()
	type job struct {
		Model string    `json:"model"`
		Dims  []int     `json:"dims"`
		Data  []float32 `json:"data"`
	}
	var jobs []job
	var want []*Tensor
	for name, c := range exported(t) {
		train(t, c.model, c.shape)
		path := filepath.Join(dir, name+".onnx")
		if err := c.model.ExportONNX(path, c.shape...); err != nil {
			t.Fatal(err)
		}
		x := randomTensor(5, append([]int{2}, c.shape...)...)
		jobs, want = append(jobs, job{path, x.Shape, x.Data}), append(want, c.model.Forward(x, false))
	}
	in, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "-e", runONNX)
	cmd.Stdin = strings.NewReader(string(in))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got [][]float32
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		truth := float64sOf(w)
		near(t, filepath.Base(jobs[i].Model), got[i], truth, 10*tolerance(truth))
	}
}

// runONNX reads jobs from standard input and writes each one's output.
const runONNX = `
const ort = require('onnxruntime-node');
(async () => {
	const jobs = JSON.parse(require('fs').readFileSync(0));
	const out = [];
	for (const j of jobs) {
		const s = await ort.InferenceSession.create(j.model, {logSeverityLevel: 3});
		const r = await s.run({input: new ort.Tensor('float32', Float32Array.from(j.data), j.dims)});
		out.push(Array.from(r[s.outputNames[0]].data));
	}
	console.log(JSON.stringify(out));
})();`

func FuzzImport(f *testing.F) {
	for _, m := range []*Model{smallNet(), Sequential(Conv2D(1, 2, 3, Padding(1)), SiLU(), ChannelShuffle(2), AvgPool2D(2), Flatten(), Linear(8, 2))} {
		path := filepath.Join(f.TempDir(), "m.onnx")
		if err := m.ExportONNX(path, 1, 4, 4); err != nil {
			f.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		importONNX(raw)
	})
}
