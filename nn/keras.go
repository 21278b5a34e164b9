package nn

import "fmt"

// FromKeras turns a convolution's kernel of Keras, (kernel..., in/groups, filters), into a weight of this package,
// (filters, in/groups, kernel...). Batches of Keras are (N, ..., C); see [ChannelsFirst].
func FromKeras(kernel *Tensor) *Tensor {
	d := len(kernel.Shape)
	if d < 3 {
		panic(ShapeError{Op: "FromKeras", Want: "(kernel..., in/groups, filters)", Got: kernel.Shape, What: "the kernel"})
	}
	order := []int{d - 1, d - 2}
	for i := range d - 2 {
		order = append(order, i)
	}
	return kernel.Permute(order...)
}

// ToKeras turns a convolution's weight into a kernel of Keras.
func ToKeras(weight *Tensor) *Tensor {
	d := len(weight.Shape)
	if d < 3 {
		panic(ShapeError{Op: "ToKeras", Want: "(filters, in/groups, kernel...)", Got: weight.Shape, What: "the weight"})
	}
	var order []int
	for i := 2; i < d; i++ {
		order = append(order, i)
	}
	return weight.Permute(append(order, 1, 0)...)
}

// ChannelsFirst turns (N, ..., C) into (N, C, ...), the order of this package.
func ChannelsFirst(x *Tensor) *Tensor {
	order := []int{0, len(x.Shape) - 1}
	for i := 1; i < len(x.Shape)-1; i++ {
		order = append(order, i)
	}
	return x.Permute(order...)
}

// ChannelsLast turns (N, C, ...) into (N, ..., C), the order of Keras.
func ChannelsLast(x *Tensor) *Tensor {
	order := []int{0}
	for i := 2; i < len(x.Shape); i++ {
		order = append(order, i)
	}
	return x.Permute(append(order, 1)...)
}

// Permute returns a tensor whose dimension i is dimension order[i] of t.
func (t *Tensor) Permute(order ...int) *Tensor {
	d := len(t.Shape)
	seen := make([]bool, d)
	for _, o := range order {
		if o < 0 || o >= d || seen[o] || len(order) != d {
			panic(ShapeError{Op: "Permute", Want: fmt.Sprintf("each of %d dimensions once", d), Got: order, What: "the order"})
		}
		seen[o] = true
	}
	stride := make([]int, d)
	for i, s := d-1, 1; i >= 0; i-- {
		stride[i] = s
		s *= t.Shape[i]
	}
	shape := make([]int, d)
	for i, o := range order {
		shape[i] = t.Shape[o]
	}
	y := NewTensor(shape...)
	for i := range y.Data {
		at, rest := 0, i
		for k := d - 1; k >= 0; k-- {
			at += rest % shape[k] * stride[order[k]]
			rest /= shape[k]
		}
		y.Data[i] = t.Data[at]
	}
	return y
}
