package nn

import "slices"

// A Param is a tensor that training changes, with its gradient.
type Param struct {
	Name  string // within the model: "block1.conv2.weight"
	Shape []int
	Value *Tensor
	Grad  *Tensor // dLoss/dValue of the last Backward
	// NoDecay keeps weight decay away; it is false everywhere unless the program sets it (see [Model.NoDecay]).
	NoDecay bool

	local string // the name within the layer: "weight"
	fixed bool   // see Model.TrainOnly
	init  Initializer
	fanIn int // inputs that each output sums, for the initialiser
	// fanOut counts outputs that each input feeds as PyTorch does, without dividing by the groups.
	fanOut int
	groups int // of the convolution that it belongs to, 0 for none
}

func newParam(name string, init Initializer, fanIn, fanOut int, shape ...int) *Param {
	return &Param{Name: name, local: name, Shape: shape, init: init, fanIn: fanIn, fanOut: fanOut}
}

// Len is the number of elements.
func (p *Param) Len() int { return size(p.Shape) }

// ready allocates and initialises a parameter that has no value yet.
func (p *Param) ready(seed uint64, name string) {
	if p.Value == nil {
		p.fill(seed, name)
	}
	if p.Grad == nil {
		p.Grad = NewTensor(p.Shape...)
	}
}

func (p *Param) fill(seed uint64, name string) {
	if p.Value == nil {
		p.Value = NewTensor(p.Shape...)
	}
	p.init.fill(p.Value.Data, p, stream(seed, name))
}

// A Buffer is a tensor that belongs to a model's state but is not trained: the running statistics of a normalisation.
type Buffer struct {
	Name  string
	Value *Tensor

	local string
}

func newBuffer(name string, start float32, n int) *Buffer {
	b := &Buffer{Name: name, local: name, Value: NewTensor(n)}
	b.fill(start)
	return b
}

func (b *Buffer) fill(v float32) {
	for i := range b.Value.Data {
		b.Value.Data[i] = v
	}
}

// SetValue copies v into the parameter. It panics with a ShapeError unless the shapes agree.
func (p *Param) SetValue(v *Tensor) {
	if !slices.Equal(p.Shape, v.Shape) {
		panic(ShapeError{Op: "SetValue " + p.Name, Want: shapeString(p.Shape), Got: v.Shape, What: "the value"})
	}
	if p.Value == nil {
		p.Value = NewTensor(p.Shape...)
	}
	copy(p.Value.Data, v.Data)
}

// decay is the weight decay that applies to the parameter.
func (p *Param) decay(d float64) float32 {
	if p.NoDecay {
		return 0
	}
	return float32(d)
}
