package nn

import (
	"fmt"
	"testing"
)

func small() *Model {
	return Sequential(
		Conv2D(1, 32, 3, Padding(1), NoBias()), BatchNorm2D(32), ReLU(),
		ResNeXtBlock(32, 64, Cardinality(8), BaseWidth(4)),
		ResNeXtBlock(64, 128, Cardinality(8), BaseWidth(8), Down()),
		ResNeXtBlock(128, 256, Cardinality(8), BaseWidth(16), Down()),
		GlobalAvgPool2D(), Linear(256, 10))
}

func TestForward(t *testing.T) {
	m := small()
	fmt.Println(m.Summary(1, 28, 28))
	x := NewTensor(2, 1, 28, 28)
	for i := range x.Data {
		x.Data[i] = float32(i%17) / 17
	}
	y := m.Forward(x, true)
	fmt.Println(y)
	_, g := CrossEntropy().Of(y, 1, 2)
	fmt.Println(m.Backward(g))
}
