package main

import (
	"encoding/json"
	"fmt"

	"github.com/groupnb/groupnb/nn"
)

// A workload is a network and what is done with it. It goes to the peers as JSON.
type workload struct {
	Name  string         `json:"name"`
	Spec  nn.ResNeXtSpec `json:"spec"`
	Batch int            `json:"batch"`
	Size  int            `json:"size"` // of the square images
	Train bool           `json:"train"`
	// Fashion trains on batches drawn from Fashion-MNIST, read from IDX files by each side; otherwise on one batch of numbers.
	Fashion bool   `json:"fashion"`
	ONNX    string `json:"onnx"` // the model as a file
}

var (
	resNeXt50 = nn.ResNeXtSpec{In: 3, Classes: 1000, Stem: 64, StemKernel: 7, Blocks: []int{3, 4, 6, 3},
		Widths: []int{256, 512, 1024, 2048}, Cardinality: 32, BaseWidth: 4}
	resNeXt29 = nn.ResNeXtSpec{In: 3, Classes: 10, Stem: 64, StemKernel: 3, Blocks: []int{3, 3, 3},
		Widths: []int{256, 512, 1024}, Cardinality: 4, BaseWidth: 16}
	smallResNeXt = nn.ResNeXtSpec{In: 1, Classes: 10, Stem: 32, StemKernel: 3, Blocks: []int{1, 1, 1},
		Widths: []int{32, 64, 128}, Cardinality: 8, BaseWidth: 4}
)

var workloads = []workload{
	{Name: "fashion-train", Spec: smallResNeXt, Batch: 128, Size: 28, Train: true, Fashion: true},
	{Name: "resnext50-forward-1", Spec: resNeXt50, Batch: 1, Size: 224},
	{Name: "resnext50-forward-8", Spec: resNeXt50, Batch: 8, Size: 224},
	{Name: "resnext50-train-8", Spec: resNeXt50, Batch: 8, Size: 224, Train: true},
	{Name: "resnext29-train-64", Spec: resNeXt29, Batch: 64, Size: 32, Train: true},
}

func (w workload) String() string {
	b, err := json.Marshal(w)
	if err != nil {
		panic(fmt.Sprintf("a workload is numbers and strings: %v", err))
	}
	return string(b)
}

// shape is that of a batch.
func (w workload) shape() []int { return []int{w.Batch, w.Spec.In, w.Size, w.Size} }
