package nn

import "github.com/groupnb/groupnb/kernels"

// normAct is a batch normalisation with what follows it: y = relu(bn(x) + residual), where both are optional.
type normAct struct {
	bn             *BatchNorm
	residual, relu bool
	passed         []uint16 // what relu let through in the last training pass
}

func (o *normAct) kind() string       { return o.bn.kind() }
func (o *normAct) params() []*Param   { return o.bn.params() }
func (o *normAct) buffers() []*Buffer { return o.bn.buffers() }
func (o *normAct) traits() traits {
	return traits{needX: true, firstOnly: true, inPlace: true}
}

func (o *normAct) shape(x [][]int) []int { return x[0] }

func (o *normAct) blocked(x [][]int) (wants, can bool) { return o.bn.blocked(x) }
func (o *normAct) unblocks() bool                      { return false }

func (o *normAct) forward(c *call) {
	var residual []float32
	if o.residual {
		residual = c.x[1].Data
	}
	o.bn.run(c, o.kernel(c), residual)
}

func (o *normAct) backward(c *call) {
	var dresidual []float32
	if o.residual && c.dx[1] != nil {
		dresidual = c.dx[1].Data
	}
	o.bn.runBackward(c, o.kernel(c), dresidual)
}

func (o *normAct) kernel(c *call) kernels.NormAct {
	k := o.bn.kernel(c)
	k.ReLU = o.relu
	if o.relu && c.train {
		if len(o.passed) != k.PassedLen() {
			o.passed = make([]uint16, k.PassedLen())
		}
		k.Passed = o.passed
	}
	return k
}

func (b *BatchNorm) kernel(c *call) kernels.NormAct {
	s := c.x[0].Shape
	return kernels.NormAct{
		BatchNorm: kernels.BatchNorm{N: s[0], C: s[1], Spatial: size(s[2:]), Eps: float32(b.eps), Momentum: float32(b.momentum)},
		Blocked:   c.blocked,
	}
}

func (b *BatchNorm) run(c *call, k kernels.NormAct, residual []float32) {
	x, y := c.x[0].Data, c.y.Data
	gamma, beta, _, _ := b.affine()
	mean, variance := b.RunningMean.Value.Data, b.RunningVar.Value.Data
	if !c.train || b.Frozen {
		k.Eval(y, x, residual, gamma, beta, mean, variance)
		return
	}
	if k.N*k.Spatial < 2 {
		panic(ShapeError{Op: b.name, Want: "more than one number for each channel in training", Got: c.x[0].Shape})
	}
	if c.again {
		mean, variance = nil, nil // the running statistics have seen this batch
	}
	k.Train(y, x, residual, gamma, beta, b.mean, b.invstd, mean, variance)
}

func (b *BatchNorm) runBackward(c *call, k kernels.NormAct, dresidual []float32) {
	gamma, _, dgamma, dbeta := b.affine()
	dx := c.dx[0]
	if dx == nil { // first layer of the network: the kernel still wants room for dx
		b.unused.fit([]int{len(c.x[0].Data)})
		dx = &b.unused
	}
	if b.Frozen {
		k.EvalBackward(dx.Data, dresidual, dgamma, dbeta, c.dy.Data, c.x[0].Data, gamma, b.RunningMean.Value.Data, b.RunningVar.Value.Data)
		return
	}
	k.Backward(dx.Data, dresidual, dgamma, dbeta, c.dy.Data, c.x[0].Data, gamma, b.mean, b.invstd)
}
