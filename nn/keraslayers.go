package nn

// FromKerasDense turns the kernel of Keras' Dense, (in, out), into the weight of [Linear], (out, in). If the layer stands behind
// a Flatten, give the shape of what is flattened in the order of this package, (channels, height, width): Keras flattens
// (height, width, channels), so the inputs come in another order.
func FromKerasDense(kernel *Tensor, flattened ...int) *Tensor {
	if len(kernel.Shape) != 2 || len(flattened) > 0 && size(flattened) != kernel.Shape[0] {
		panic(ShapeError{Op: "FromKerasDense", Want: "(in, out)" + ofFlattened(flattened), Got: kernel.Shape, What: "the kernel"})
	}
	weight := kernel.Permute(1, 0)
	if len(flattened) < 2 {
		return weight
	}
	last := append(append([]int{-1}, flattened[1:]...), flattened[0])
	return ChannelsFirst(weight.Reshape(last...)).Reshape(-1, kernel.Shape[0])
}

// ToKerasDense turns the weight of [Linear] into a kernel of Keras' Dense; flattened is as for [FromKerasDense].
func ToKerasDense(weight *Tensor, flattened ...int) *Tensor {
	if len(weight.Shape) != 2 || len(flattened) > 0 && size(flattened) != weight.Shape[1] {
		panic(ShapeError{Op: "ToKerasDense", Want: "(out, in)" + ofFlattened(flattened), Got: weight.Shape, What: "the weight"})
	}
	if len(flattened) >= 2 {
		weight = ChannelsLast(weight.Reshape(append([]int{-1}, flattened...)...)).Reshape(weight.Shape...)
	}
	return weight.Permute(1, 0)
}

func ofFlattened(shape []int) string {
	if len(shape) == 0 {
		return ""
	}
	return " with in = " + joinX(shape)
}

// FromKerasDepthwise turns the kernel of Keras' DepthwiseConv2D (and 1D), (kernel..., channels, multiplier), into the weight of
// [DepthwiseConv2D], (channels·multiplier, 1, kernel...).
func FromKerasDepthwise(kernel *Tensor) *Tensor {
	d := len(kernel.Shape)
	if d < 3 {
		panic(ShapeError{Op: "FromKerasDepthwise", Want: "(kernel..., channels, multiplier)", Got: kernel.Shape, What: "the kernel"})
	}
	order := []int{d - 2, d - 1}
	for i := range d - 2 {
		order = append(order, i)
	}
	filters := kernel.Shape[d-2] * kernel.Shape[d-1]
	return kernel.Permute(order...).Reshape(append([]int{filters, 1}, kernel.Shape[:d-2]...)...)
}

// ToKerasDepthwise turns the weight of a [DepthwiseConv2D] with this multiplier into a kernel of Keras.
func ToKerasDepthwise(weight *Tensor, multiplier int) *Tensor {
	d := len(weight.Shape)
	if d < 3 || weight.Shape[1] != 1 || multiplier < 1 || weight.Shape[0]%multiplier != 0 {
		panic(ShapeError{Op: "ToKerasDepthwise", Want: "(channels·multiplier, 1, kernel...)", Got: weight.Shape, What: "the weight"})
	}
	split := weight.Reshape(append([]int{weight.Shape[0] / multiplier, multiplier}, weight.Shape[2:]...)...)
	var order []int
	for i := 2; i < d; i++ {
		order = append(order, i)
	}
	return split.Permute(append(order, 0, 1)...)
}

// FromKerasTranspose turns the kernel of Keras' Conv2DTranspose (and 1D, 3D), (kernel..., filters, in), into the weight of
// [ConvTranspose2D], (in, filters, kernel...). The order of the sizes is that of [FromKeras]; the name is for the reader.
func FromKerasTranspose(kernel *Tensor) *Tensor { return FromKeras(kernel) }

// ToKerasTranspose turns the weight of a [ConvTranspose2D] with one group into a kernel of Keras.
func ToKerasTranspose(weight *Tensor) *Tensor { return ToKeras(weight) }
