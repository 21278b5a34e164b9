package nn

import "fmt"

// A BatchNorm normalises each channel over the batch and all positions (Ioffe and Szegedy 2015).
type BatchNorm struct {
	Channels                int
	Weight, Bias            *Param // gamma and beta, nil with NoAffine
	RunningMean, RunningVar *Buffer
	// Frozen makes training, too, normalise with the running statistics and leave them alone.
	Frozen bool

	name          string
	dims          int // spatial dimensions it accepts
	eps, momentum float64
	mean, invstd  []float32
	unused        Tensor
}

// BatchNorm1D normalises (N, channels) or (N, channels, W); options as [BatchNorm2D].
func BatchNorm1D(channels int, opts ...Option) *BatchNorm {
	return newBatchNorm("BatchNorm1D", 1, channels, opts)
}

// BatchNorm2D normalises (N, channels, H, W). In training it uses the mean and the biased variance of the batch and moves
// the running statistics (with the unbiased variance) towards them; in evaluation it uses those. Options: Eps (1e-5),
// StatMomentum (0.1), NoAffine.
func BatchNorm2D(channels int, opts ...Option) *BatchNorm {
	return newBatchNorm("BatchNorm2D", 2, channels, opts)
}

// BatchNorm3D normalises (N, channels, D, H, W); options as [BatchNorm2D].
func BatchNorm3D(channels int, opts ...Option) *BatchNorm {
	return newBatchNorm("BatchNorm3D", 3, channels, opts)
}

// NoAffine leaves out a normalisation's weight and bias.
func NoAffine() Option { return Option{"NoAffine", func(c *layerConfig) { c.affine = false }} }

func newBatchNorm(op string, dims, channels int, opts []Option) *BatchNorm {
	o := configure(op, layerConfig{eps: 1e-5, momentum: 0.1, affine: true}, opts, "Eps", "StatMomentum", "NoAffine")
	checkPositive(op, "the number of channels", channels)
	b := &BatchNorm{
		Channels: channels, name: op, dims: dims, eps: o.eps, momentum: o.momentum,
		RunningMean: newBuffer("running_mean", 0, channels),
		RunningVar:  newBuffer("running_var", 1, channels),
		mean:        make([]float32, channels),
		invstd:      make([]float32, channels),
	}
	if o.affine {
		b.Weight = newParam("weight", Ones(), 1, 1, channels)
		b.Bias = newParam("bias", Zeros(), 1, 1, channels)
	}
	return b
}

// Graph implements Layer.
func (b *BatchNorm) Graph(g *Graph, x Value) Value { return g.add(b, x) }

func (b *BatchNorm) stem() string   { return "bn" }
func (b *BatchNorm) kind() string   { return b.name }
func (b *BatchNorm) traits() traits { return traits{needX: true, inPlace: true} }

func (b *BatchNorm) params() []*Param {
	if b.Weight == nil {
		return nil
	}
	return []*Param{b.Weight, b.Bias}
}

func (b *BatchNorm) buffers() []*Buffer { return []*Buffer{b.RunningMean, b.RunningVar} }

func (b *BatchNorm) reset() {
	b.RunningMean.fill(0)
	b.RunningVar.fill(1)
}

// String shows the configuration: BatchNorm2D(64).
func (b *BatchNorm) String() string { return fmt.Sprintf("%s(%d)", b.name, b.Channels) }

func (b *BatchNorm) shape(x [][]int) []int {
	s := x[0]
	if ok := len(s) == b.dims+2 || b.dims == 1 && len(s) == 2; !ok || s[1] != b.Channels {
		want := []string{"(N, %d) or (N, %d, W)", "(N, %d, H, W)", "(N, %d, D, H, W)"}[b.dims-1]
		if b.dims == 1 {
			want = fmt.Sprintf(want, b.Channels, b.Channels)
		} else {
			want = fmt.Sprintf(want, b.Channels)
		}
		panic(ShapeError{Op: b.name, Want: want, Got: s})
	}
	return s
}

func (b *BatchNorm) affine() (gamma, beta, dgamma, dbeta []float32) {
	if b.Weight == nil {
		return nil, nil, nil, nil
	}
	return b.Weight.Value.Data, b.Bias.Value.Data, b.Weight.Grad.Data, b.Bias.Grad.Data
}

func (b *BatchNorm) blocked([][]int) (wants, can bool) {
	return b.dims == 2 && b.Channels >= blockedChannels, b.dims == 2
}
func (b *BatchNorm) unblocks() bool { return false }

func (b *BatchNorm) forward(c *call)  { b.run(c, b.kernel(c), nil) }
func (b *BatchNorm) backward(c *call) { b.runBackward(c, b.kernel(c), nil) }

// FreezeNorms makes all batch normalisations use their running statistics in training too, as is usual when a trained
// network is tuned on few examples, or lets them learn again. It returns the model.
func (m *Model) FreezeNorms(frozen bool) *Model {
	for _, n := range m.graph.nodes {
		if b, ok := n.op.(*BatchNorm); ok {
			b.Frozen = frozen
		}
	}
	return m
}
