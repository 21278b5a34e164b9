package nn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Tensor is a block of float32 in row-major order: images are (N, C, H, W), vectors (N, C).
// Fields may be read and written; len(Data) is the product of Shape.
type Tensor struct {
	Data  []float32
	Shape []int
}

// NewTensor returns a tensor of zeros. It panics with a ShapeError for a negative size or 2^40 numbers and more.
func NewTensor(shape ...int) *Tensor {
	return &Tensor{Data: make([]float32, size(shape)), Shape: slices.Clone(shape)}
}

// FromSlice returns a tensor that uses data, which must hold exactly as many numbers as the shape asks for.
func FromSlice(data []float32, shape ...int) *Tensor {
	if size(shape) != len(data) {
		panic(ShapeError{Op: "FromSlice", Want: fmt.Sprintf("%d numbers for %s", size(shape), shapeString(shape)), Got: []int{len(data)}})
	}
	return &Tensor{Data: data, Shape: slices.Clone(shape)}
}

// Len is the number of elements.
func (t *Tensor) Len() int { return len(t.Data) }

// Dim is the size of dimension i; negative i counts from the end. It panics with a ShapeError if there is no such dimension.
func (t *Tensor) Dim(i int) int {
	from := i
	if i < 0 {
		i += len(t.Shape)
	}
	if i < 0 || i >= len(t.Shape) {
		panic(ShapeError{Op: "Tensor.Dim", Want: fmt.Sprintf("a dimension %d", from), Got: t.Shape, What: "the tensor"})
	}
	return t.Shape[i]
}

// At returns the element at the given indices, one for each dimension.
func (t *Tensor) At(index ...int) float32 { return t.Data[t.offset(index)] }

// Set stores v at the given indices, one for each dimension.
func (t *Tensor) Set(v float32, index ...int) { t.Data[t.offset(index)] = v }

func (t *Tensor) offset(index []int) int {
	if len(index) != len(t.Shape) {
		panic(ShapeError{Op: "Tensor.At", Want: fmt.Sprintf("%d indices", len(t.Shape)), Got: index})
	}
	at := 0
	for d, i := range index {
		if i < 0 || i >= t.Shape[d] {
			panic(ShapeError{Op: "Tensor.At", Want: "an index inside " + shapeString(t.Shape), Got: index})
		}
		at = at*t.Shape[d] + i
	}
	return at
}

// Reshape returns the same numbers seen with another shape; one size may be -1 and is then computed.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	shape = slices.Clone(shape)
	if i := slices.Index(shape, -1); i >= 0 {
		shape[i] = 1
		if rest := size(shape); rest > 0 && len(t.Data)%rest == 0 {
			shape[i] = len(t.Data) / rest
		}
	}
	if size(shape) != len(t.Data) {
		panic(ShapeError{Op: "Reshape", Want: fmt.Sprintf("%d numbers", len(t.Data)), Got: shape})
	}
	return &Tensor{Data: t.Data, Shape: shape}
}

// Clone returns a copy that shares nothing with t.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{Data: slices.Clone(t.Data), Shape: slices.Clone(t.Shape)}
}

// Slice returns rows from to to-1 of the first dimension, sharing their numbers with t. It panics with a ShapeError if they don't exist.
func (t *Tensor) Slice(from, to int) *Tensor {
	if len(t.Shape) == 0 || from < 0 || from > to || to > t.Shape[0] {
		panic(ShapeError{Op: "Tensor.Slice", Want: fmt.Sprintf("rows %d to %d", from, to), Got: t.Shape, What: "the tensor"})
	}
	row := size(t.Shape[1:])
	shape := slices.Clone(t.Shape)
	shape[0] = to - from
	return &Tensor{Data: t.Data[from*row : to*row], Shape: shape}
}

// String shows the shape, the range and, of a small tensor, the numbers.
func (t *Tensor) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Tensor%s", shapeString(t.Shape))
	if len(t.Data) == 0 {
		return b.String()
	}
	if len(t.Data) > 32 {
		fmt.Fprintf(&b, " from %.4g to %.4g", slices.Min(t.Data), slices.Max(t.Data))
		return b.String()
	}
	fmt.Fprintf(&b, " %.4g", t.Data)
	return b.String()
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		if d < 0 {
			panic(ShapeError{Op: "Tensor", Want: "sizes of 0 or more", Got: shape})
		}
		if d > 0 && n >= tooMany/d {
			panic(ShapeError{Op: "Tensor", Want: "less than 2^40 numbers", Got: shape})
		}
		n *= d
	}
	return n
}

// tooMany is more numbers than any machine holds; sizes whose product is larger are a mistake.
const tooMany = 1 << 40

// joinX writes sizes as 3x3.
func joinX(sizes []int) string {
	words := make([]string, len(sizes))
	for i, d := range sizes {
		words[i] = strconv.Itoa(d)
	}
	return strings.Join(words, "x")
}

// oneOrAll writes equal sizes as one number.
func oneOrAll(sizes []int) string {
	if len(slices.Compact(slices.Clone(sizes))) == 1 {
		return strconv.Itoa(sizes[0])
	}
	return joinX(sizes)
}

// shapeString writes a shape as mathematics does: (2, 64, 28, 28).
func shapeString(shape []int) string {
	words := make([]string, len(shape))
	for i, d := range shape {
		words[i] = strconv.Itoa(d)
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// check refuses a tensor that is none: a program can put any numbers into the fields.
func (t *Tensor) check(op string) {
	switch {
	case t == nil:
		refuse(op, "the input is nil")
	case len(t.Shape) == 0:
		panic(ShapeError{Op: op, Want: "a batch, (N, ...)", Got: t.Shape})
	case t.Shape[0] == 0:
		panic(ShapeError{Op: op, Want: "one example or more", Got: t.Shape})
	case len(t.Data) != size(t.Shape):
		refuse(op, "the input has %d numbers for the shape %s", len(t.Data), shapeString(t.Shape))
	}
}
