package nn_test

import (
	"fmt"

	"github.com/groupnb/groupnb/nn"
)

// A grouped convolution has as many weights as its groups together: each sees its own share of the channels only.
func ExampleConv2D() {
	for _, groups := range []int{1, 2, 4} {
		m := nn.Sequential(nn.Conv2D(60, 256, 3, nn.Groups(groups), nn.NoBias()))
		fmt.Println(groups, m.Summary(60, 32, 32).Params)
	}
	// Output:
	// 1 138240
	// 2 69120
	// 4 34560
}

// Channels and filters must be divisible by the groups; the mistake names both numbers.
func ExampleConfigError() {
	defer func() { fmt.Println(recover()) }()
	nn.Conv2D(60, 256, 3, nn.Groups(8))
	// Output: Conv2D: 60 input channels are not divisible by 8 groups
}

// The network of the paper, by its name.
func ExampleResNeXt() {
	s := nn.ResNeXt(50, 32, 4).Summary(3, 224, 224)
	fmt.Println(s.Params, s.MACs)
	// Output: 25028904 4230479872
}

// A block in the paper's three forms is one function.
func ExampleBlock_To() {
	grouped := nn.ResNeXtBlock(16, 16, nn.Cardinality(4), nn.BaseWidth(2))
	sum := grouped.To(nn.SplitSum)
	x := nn.NewTensor(1, 16, 5, 5)
	for i := range x.Data {
		x.Data[i] = float32(i%7) - 3
	}
	a, b := nn.Apply(grouped, x), nn.Apply(sum, x)
	same := true
	for i := range a.Data {
		d := a.Data[i] - b.Data[i]
		same = same && d < 1e-5 && d > -1e-5
	}
	fmt.Println(grouped, sum, same)
	// Output: Block(16, 16, 4x2d) Block(16, 16, 4x2d, split-transform-sum) true
}

// Forward, Backward and Step by hand, as a lesson would write them.
func ExampleModel_Backward() {
	m := nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
	x := nn.FromSlice([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	opt := nn.SGD(0.5, nn.Momentum(0.9))
	var loss float64
	for range 200 {
		logits := m.Forward(x, true)
		l, grad := nn.CrossEntropy().Of(logits, 0, 1, 1, 0)
		m.Backward(grad)
		opt.Step(m.Params(), 0.5)
		loss = l
	}
	classes, _ := m.Predict(x)
	fmt.Println(loss < 0.05, classes)
	// Output: true [0 1 1 0]
}

// A layer of one's own, as two functions.
func ExampleFunc() {
	double := nn.Func("double",
		func(x *nn.Tensor) *nn.Tensor {
			y := x.Clone()
			for i := range y.Data {
				y.Data[i] *= 2
			}
			return y
		},
		func(x, y, dy *nn.Tensor) *nn.Tensor {
			dx := dy.Clone()
			for i := range dx.Data {
				dx.Data[i] *= 2
			}
			return dx
		})
	fmt.Println(nn.Apply(double, nn.FromSlice([]float32{1, 2, 3}, 1, 3)))
	// Output: Tensor(1, 3) [2 4 6]
}
