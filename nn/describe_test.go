package nn

import (
	"fmt"
	"testing"
)

func TestThingsDescribeThemselves(t *testing.T) {
	m := Sequential(
		Conv2D(1, 16, 3), BatchNorm2D(16), ReLU(), ResNeXtBlock(16, 32, Cardinality(8), BaseWidth(4), Down()),
		Named("head", Stack(GlobalAvgPool2D(), Linear(32, 10))))
	golden(t, "testdata/model.txt", m.String())
	for want, v := range map[string]fmt.Stringer{
		"block1.conv2.weight (32, 4, 3, 3)":          m.Param("block1.conv2.weight"),
		"ResNeXt-50 (32x4d)":                         ResNeXtSpec{Blocks: []int{3, 4, 6, 3}, Cardinality: 32, BaseWidth: 4},
		"ResNet-18":                                  ResNeXtSpec{Blocks: []int{2, 2, 2, 2}, Basic: true},
		"kaiming uniform 2.236":                      torchUniform(),
		"loss 0.5000, accuracy 75.00% of 4 examples": Evaluation{Loss: 0.5, Accuracy: 0.75, Examples: 4},
		"correlation of a (1 channels) and b (2 channels) over 3 pixels": &Correlation{From: "a", To: "b", a: 1, b: 2, Samples: 3},
	} {
		if got := v.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	e := Evaluation{Confusion: [][]int{{3, 1, 0}, {1, 3, 0}, {0, 0, 0}}}
	if got := fmt.Sprint(e.Recall(), e.Precision(), e.F1()); got != "[0.75 0.75 0] [0.75 0.75 0] [0.75 0.75 0]" {
		t.Error(got)
	}
	var top Evaluation
	top.count(FromSlice([]float32{1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1}, 2, 6), &Batch{Y: []int{1, 5}})
	if top.Top5 != 1 || top.Confusion[1][5] != 1 {
		t.Errorf("%+v", top)
	}
	h := History{Epochs: []EpochStats{{Epoch: 1, Loss: 1.5, Accuracy: 0.5, LR: 0.1, Seconds: 2, ImagesPerSecond: 300}}}
	golden(t, "testdata/history.txt", h.String())
}
