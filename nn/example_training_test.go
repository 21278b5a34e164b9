package nn_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/groupnb/groupnb/nn"
	"github.com/groupnb/groupnb/nn/data"
)

// stripes is a data set made by a program: pictures of 8x8 pixels with a bright row (class 0) or column (class 1).
func stripes(n int) *data.Set {
	pixels, labels := make([]uint8, n*64), make([]uint8, n)
	for i := range n {
		labels[i] = uint8(i % 2)
		for k := range 8 {
			if i%2 == 0 {
				pixels[i*64+i/2%8*8+k] = 255
			} else {
				pixels[i*64+k*8+i/2%8] = 255
			}
		}
	}
	set, err := data.NewSet("stripes", 1, 8, 8, pixels, labels)
	if err != nil {
		panic(err)
	}
	return set
}

// Training, and what one may ask of the result.
func ExampleModel_Fit() {
	train, test := stripes(160), stripes(32)
	m := nn.Sequential(
		nn.Conv2D(1, 8, 3, nn.Padding(1), nn.NoBias()), nn.BatchNorm2D(8), nn.ReLU(),
		nn.ResNeXtBlock(8, 16, nn.Cardinality(4), nn.BaseWidth(2), nn.Down()),
		nn.GlobalAvgPool2D(), nn.Linear(16, 2))
	history, err := m.Fit(train.Batches(16), nn.SGD(0.05, nn.Momentum(0.9), nn.WeightDecay(5e-4)),
		nn.Epochs(4), nn.LR(nn.CosineLR(0)), nn.Validate(test), nn.Quiet())
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := m.Evaluate(test)
	fmt.Println(len(history.Epochs), "epochs;", e.Confusion, err)
	// Output: 4 epochs; [[16 0] [0 16]] <nil>
}

// A run that goes on where it was broken off: the file holds weights, the optimiser's memory and the history.
func ExampleResume() {
	dir, _ := os.MkdirTemp("", "run")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "run.safetensors")
	for _, epochs := range []int{2, 5} {
		m := nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
		history, err := m.Fit(stripes(32).Batches(8), nn.Adam(0.01), nn.Epochs(epochs), nn.Checkpoint(path), nn.Resume(), nn.Quiet())
		fmt.Println(len(history.Epochs), "epochs,", len(history.Steps), "steps", err)
	}
	// Output:
	// 2 epochs, 8 steps <nil>
	// 5 epochs, 20 steps <nil>
}

// Weights go to NumPy or PyTorch and come back by name; what does not fit is listed.
func ExampleModel_Load() {
	dir, _ := os.MkdirTemp("", "weights")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "m.npz")
	a := nn.Sequential(nn.Conv2D(1, 4, 3), nn.GlobalAvgPool2D(), nn.Linear(4, 10))
	b := nn.Sequential(nn.Conv2D(1, 4, 3), nn.GlobalAvgPool2D(), nn.Linear(4, 7))
	fmt.Println(a.Save(path))
	err := b.Load(path)
	fmt.Println(err != nil, b.Load(path, nn.Matching()))
	// Output:
	// <nil>
	// true <nil>
}

// A trained network learns other classes: it gets a new last layer, which alone is trained.
func ExampleModel_TrainOnly() {
	dir, _ := os.MkdirTemp("", "tuned")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "trained.safetensors")
	network := func(classes int) *nn.Model {
		return nn.Sequential(
			nn.Conv2D(1, 8, 3, nn.Padding(1), nn.NoBias()), nn.BatchNorm2D(8), nn.ReLU(),
			nn.GlobalAvgPool2D(), nn.Named("head", nn.Linear(8, classes)))
	}
	fmt.Println(network(10).Save(path))

	m := network(2)
	fmt.Println(m.Load(path, nn.Except("head")))
	m.TrainOnly("head").FreezeNorms(true)
	history, err := m.Fit(stripes(32).Batches(8), nn.Adam(0.01), nn.Quiet())
	fmt.Println(len(history.Steps), "steps", err)
	for _, p := range m.Params() {
		fmt.Println(p, p.Fixed())
	}
	// Output:
	// <nil>
	// <nil>
	// 4 steps <nil>
	// conv1.weight (8, 1, 3, 3) true
	// bn1.weight (8) true
	// bn1.bias (8) true
	// head.weight (2, 8) false
	// head.bias (2) false
}

// A model for ONNX Runtime, and back.
func ExampleModel_ExportONNX() {
	dir, _ := os.MkdirTemp("", "onnx")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "m.onnx")
	m := nn.Sequential(nn.Conv2D(1, 4, 3, nn.Groups(1)), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Linear(4, 3))
	fmt.Println(m.ExportONNX(path, 1, 8, 8))
	again, err := nn.ImportONNX(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := nn.NewTensor(5, 1, 8, 8)
	fmt.Println(again.Layers(), again.Forward(x, false).Shape)
	// Output:
	// <nil>
	// [conv1 relu1 gap1.mean gap1 fc1] [5 3]
}

// A network and its training as data.
func ExampleModelSpec() {
	var spec struct {
		Model    nn.ModelSpec
		Training nn.TrainingSpec
	}
	err := json.Unmarshal([]byte(`{
		"model": {"layers": [
			{"kind": "Conv2D", "in": 1, "out": 8, "kernel": [3], "padding": [1]}, {"kind": "BatchNorm2D", "in": 8}, {"kind": "ReLU"},
			{"kind": "ResNeXtBlock", "in": 8, "out": 16, "cardinality": 4, "base_width": 2, "stride": [2]},
			{"kind": "GlobalAvgPool2D"}, {"kind": "Linear", "in": 16, "out": 2}]},
		"training": {"epochs": 3, "optimizer": {"kind": "AdamW", "lr": 0.01}, "schedule": {"kind": "CosineLR"}}}`), &spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := spec.Model.Build(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	history, err := spec.Training.Fit(m, stripes(160).Batches(16), nn.Quiet())
	fmt.Println(len(history.Epochs), history.Last().Accuracy > 0.9, err)
	// Output: 3 true <nil>
}

// A layer made of others: give the input to both, weigh one by the other.
type gated struct{ value, gate nn.Layer }

func (l gated) Graph(g *nn.Graph, x nn.Value) nn.Value {
	gate := g.Layer("sigmoid", nn.Sigmoid(), g.Layer("gate", l.gate, x))
	return g.Mul("mul", g.Layer("value", l.value, x), gate)
}

func ExampleGraph() {
	m := nn.Sequential(gated{nn.Conv2D(3, 8, 1), nn.Conv2D(3, 8, 1)})
	fmt.Println(m.Layers())
	// Output: [layer1 layer1.gate layer1.sigmoid layer1.value layer1.mul]
}

// Do the groups of a network show in what its layers compute?
func ExampleModel_GroupScores() {
	m := nn.Sequential(nn.Conv2D(1, 16, 3, nn.Padding(1)), nn.ReLU(), nn.Conv2D(16, 16, 3, nn.Padding(1), nn.Groups(4)), nn.GlobalAvgPool2D(), nn.Linear(16, 2))
	if _, err := m.Fit(stripes(160).Batches(16), nn.SGD(0.1), nn.Quiet()); err != nil {
		fmt.Println(err)
		return
	}
	s, err := m.GroupScores(stripes(64), "conv1", "conv2", 4, nil)
	fmt.Println(s.Trained > 1, s.Untrained > 1, err) // it is not training alone that makes them show
	// Output: true true <nil>
}
