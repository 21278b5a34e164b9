package bench

import (
	"time"

	"github.com/groupnb/groupnb/kernels"
)

// Values returns n reproducible values in [-1, 1) that the peers of the compare command make too.
func Values(n int, seed uint32) []float32 {
	x := make([]float32, n)
	for i := range x {
		h := uint32(i)*2654435761 + seed
		h ^= h >> 16
		h *= 0x85ebca6b
		h ^= h >> 13
		x[i] = float32(h&0xffff)/32768 - 1
	}
	return x
}

// Job is one direction of a convolution on blocked tensors, or of a stem from plain images, ready to run.
type Job struct {
	conv             kernels.Conv
	run              func()
	output           []float32
	channels, pixels int // of output, 0 where it is plain
}

// NewJob prepares a direction: fwd, bwd_d or bwd_w.
func NewJob(c kernels.Conv, direction string) *Job {
	in, out := c.In[0]*c.In[1]*c.In[2], c.OutLen()/(c.N*c.OutC)
	block := func(plain []float32, channels, pixels int) []float32 {
		b := make([]float32, kernels.BlockedLen(c.N, channels, pixels))
		kernels.ToBlocked(b, plain, c.N, channels, pixels)
		return b
	}
	w := Values(c.WeightLen(), 2)
	x := func() []float32 { return block(Values(c.InLen(), 1), c.InC, in) }
	dy := func() []float32 { return block(Values(c.OutLen(), 3), c.OutC, out) }
	if c.Groups == 1 && c.InC < kernels.Block {
		return stemJob(c, direction, w, Values(c.InLen(), 1), dy)
	}
	j := &Job{conv: c}
	switch direction {
	case "fwd":
		j.channels, j.pixels = c.OutC, out
		j.output = make([]float32, kernels.BlockedLen(c.N, c.OutC, out))
		x := x()
		j.run = func() { c.ForwardBlocked(j.output, x, w, nil) }
	case "bwd_d":
		j.channels, j.pixels = c.InC, in
		j.output = make([]float32, kernels.BlockedLen(c.N, c.InC, in))
		dy := dy()
		j.run = func() { c.BackwardDataBlocked(j.output, dy, w) }
	default:
		j.output = make([]float32, len(w))
		x, dy := x(), dy()
		j.run = func() { c.BackwardWeightsBlocked(j.output, nil, x, dy) }
	}
	return j
}

// stemJob is NewJob for the first convolution of a network: images and their gradients are plain.
func stemJob(c kernels.Conv, direction string, w, x []float32, dy func() []float32) *Job {
	j := &Job{conv: c}
	switch direction {
	case "fwd":
		j.channels, j.pixels = c.OutC, c.OutLen()/(c.N*c.OutC)
		j.output = make([]float32, kernels.BlockedLen(c.N, j.channels, j.pixels))
		j.run = func() { c.ForwardStem(j.output, x, w, nil) }
	case "bwd_d":
		j.output = make([]float32, len(x))
		dy := dy()
		j.run = func() { c.BackwardDataStem(j.output, dy, w) }
	default:
		j.output = make([]float32, len(w))
		dy := dy()
		j.run = func() { c.BackwardWeightsStem(j.output, nil, x, dy) }
	}
	return j
}

// Run runs it once.
func (j *Job) Run() { j.run() }

// Result is the output in the plain layout.
func (j *Job) Result() []float32 {
	if j.channels == 0 {
		return j.output
	}
	plain := make([]float32, j.conv.N*j.channels*j.pixels)
	kernels.FromBlocked(plain, j.output, j.conv.N, j.channels, j.pixels)
	return plain
}

// Best runs for at least d and returns the seconds of the fastest run.
func (j *Job) Best(d time.Duration) float64 {
	best := time.Duration(1<<63 - 1)
	for start := time.Now(); time.Since(start) < d; {
		t := time.Now()
		j.run()
		best = min(best, time.Since(t))
	}
	return best.Seconds()
}

// GFLOPS is the rate that a time means, a multiply-add counting as two and padding included.
func (j *Job) GFLOPS(seconds float64) float64 { return 2 * float64(j.conv.MACs()) / seconds / 1e9 }
