package nn

import (
	"fmt"
	"math"

	"github.com/groupnb/groupnb/kernels"
)

// ReLU is max(x, 0), elementwise.
func ReLU() Layer { return &relu{} }

type relu struct{ plain }

func (r *relu) Graph(g *Graph, x Value) Value { return g.add(r, x) }

func (*relu) stem() string          { return "relu" }
func (*relu) kind() string          { return "ReLU" }
func (*relu) shape(x [][]int) []int { return x[0] }
func (*relu) traits() traits        { return traits{needY: true, inPlace: true} }
func (*relu) forward(c *call)       { kernels.ReLU(c.y.Data, c.x[0].Data) }

func (*relu) blocked([][]int) (wants, can bool) { return false, true }
func (*relu) unblocks() bool                    { return false }

func (*relu) backward(c *call) {
	if c.dx[0] != nil {
		kernels.ReLUBackward(c.dx[0].Data, c.dy.Data, c.y.Data)
	}
}

// activation applies a function of one number to each element. slope is its derivative, given x and y = f(x).
type activation struct {
	name  string
	arg   float64 // LeakyReLU's slope, ELU's alpha
	f     func(x float64) float64
	slope func(x, y float64) float64
}

// Graph implements Layer.
func (a *activation) Graph(g *Graph, x Value) Value { return g.add(a, x) }

func (*activation) stateless()            {}
func (*activation) params() []*Param      { return nil }
func (*activation) buffers() []*Buffer    { return nil }
func (a *activation) stem() string        { return "act" }
func (*activation) shape(x [][]int) []int { return x[0] }
func (*activation) traits() traits        { return traits{needX: true, needY: true} }

func (a *activation) kind() string {
	if a.arg != 0 {
		return fmt.Sprintf("%s(%g)", a.name, a.arg)
	}
	return a.name
}

func (a *activation) forward(c *call) {
	x, y := c.x[0].Data, c.y.Data
	kernels.Parallel(len(x), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			y[i] = float32(a.f(float64(x[i])))
		}
	})
}

func (a *activation) backward(c *call) {
	if c.dx[0] == nil {
		return
	}
	x, y, dx, dy := c.x[0].Data, c.y.Data, c.dx[0].Data, c.dy.Data
	kernels.Parallel(len(x), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dx[i] = dy[i] * float32(a.slope(float64(x[i]), float64(y[i])))
		}
	})
}

// LeakyReLU is x where x > 0 and slope·x elsewhere; PyTorch's default slope is 0.01.
func LeakyReLU(slope float64) Layer {
	return &activation{
		name:  "LeakyReLU",
		arg:   slope,
		f:     func(x float64) float64 { return pick(x > 0, x, slope*x) },
		slope: func(x, _ float64) float64 { return pick(x > 0, 1, slope) },
	}
}

// ReLU6 is min(max(x, 0), 6).
func ReLU6() Layer {
	return &activation{
		name:  "ReLU6",
		f:     func(x float64) float64 { return min(max(x, 0), 6) },
		slope: func(x, _ float64) float64 { return pick(x > 0 && x < 6, 1, 0) },
	}
}

// ELU is x where x > 0 and alpha·(eˣ - 1) elsewhere; the usual alpha is 1.
func ELU(alpha float64) Layer {
	return &activation{
		name:  "ELU",
		arg:   alpha,
		f:     func(x float64) float64 { return pick(x > 0, x, alpha*math.Expm1(min(x, 0))) },
		slope: func(x, _ float64) float64 { return pick(x > 0, 1, alpha*math.Exp(min(x, 0))) },
	}
}

// Sigmoid is 1/(1 + e⁻ˣ).
func Sigmoid() Layer {
	return &activation{name: "Sigmoid", f: sigmoid, slope: func(_, y float64) float64 { return y * (1 - y) }}
}

// Tanh is the hyperbolic tangent.
func Tanh() Layer {
	return &activation{name: "Tanh", f: math.Tanh, slope: func(_, y float64) float64 { return 1 - y*y }}
}

// SiLU is x·sigmoid(x), also called swish.
func SiLU() Layer {
	return &activation{
		name: "SiLU",
		f:    func(x float64) float64 { return x * sigmoid(x) },
		slope: func(x, _ float64) float64 {
			s := sigmoid(x)
			return s * (1 + x*(1-s))
		},
	}
}

// HardSigmoid is min(max(x + 3, 0), 6)/6.
func HardSigmoid() Layer {
	return &activation{
		name:  "HardSigmoid",
		f:     func(x float64) float64 { return min(max(x+3, 0), 6) / 6 },
		slope: func(x, _ float64) float64 { return pick(x > -3 && x < 3, 1.0/6, 0) },
	}
}

// HardSwish is x·min(max(x + 3, 0), 6)/6, the activation of MobileNetV3.
func HardSwish() Layer {
	return &activation{
		name: "HardSwish",
		f:    func(x float64) float64 { return x * min(max(x+3, 0), 6) / 6 },
		slope: func(x, _ float64) float64 {
			switch {
			case x <= -3:
				return 0
			case x >= 3:
				return 1
			}
			return (2*x + 3) / 6
		},
	}
}

// GELU is x·Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel 2016).
func GELU() Layer {
	phi := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	return &activation{
		name: "GELU",
		f:    func(x float64) float64 { return x * phi(x) },
		slope: func(x, _ float64) float64 {
			return phi(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		},
	}
}

// GELUTanh is GELU's approximation by a hyperbolic tangent.
func GELUTanh() Layer {
	const k = 0.044715
	root := math.Sqrt(2 / math.Pi)
	return &activation{
		name: "GELUTanh",
		f:    func(x float64) float64 { return x / 2 * (1 + math.Tanh(root*(x+k*x*x*x))) },
		slope: func(x, _ float64) float64 {
			t := math.Tanh(root * (x + k*x*x*x))
			return (1+t)/2 + x/2*(1-t*t)*root*(1+3*k*x*x)
		},
	}
}

// pick is a where yes holds, b elsewhere.
func pick(yes bool, a, b float64) float64 {
	if yes {
		return a
	}
	return b
}

func sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}
