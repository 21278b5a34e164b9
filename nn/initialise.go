package nn

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// An Initializer fills a new parameter.
type Initializer struct {
	name string
	fill func(w []float32, p *Param, r *rand.Rand)
}

// String names the initialiser.
func (i Initializer) String() string { return i.name }

// stream returns the random numbers that belong to a name: they don't depend on the order in which names are asked for.
func stream(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Zeros starts a parameter at 0.
func Zeros() Initializer { return Constant(0) }

// Ones starts a parameter at 1.
func Ones() Initializer { return Constant(1) }

// Constant starts a parameter at v.
func Constant(v float64) Initializer {
	return Initializer{fmt.Sprintf("constant %g", v), func(w []float32, _ *Param, _ *rand.Rand) {
		for i := range w {
			w[i] = float32(v)
		}
	}}
}

// Normal draws from a normal distribution with mean 0.
func Normal(std float64) Initializer {
	return Initializer{fmt.Sprintf("normal %g", std), func(w []float32, _ *Param, r *rand.Rand) { normal(w, std, r) }}
}

// Uniform draws evenly from ±bound.
func Uniform(bound float64) Initializer {
	return Initializer{fmt.Sprintf("uniform %g", bound), func(w []float32, _ *Param, r *rand.Rand) { uniform(w, bound, r) }}
}

// KaimingUniform is PyTorch's default: uniform in ±sqrt(6/((1+a²)·fan in)), fan in = in/groups·kernel (He et al. 2015).
func KaimingUniform(a float64) Initializer {
	return Initializer{fmt.Sprintf("kaiming uniform %.4g", a), func(w []float32, p *Param, r *rand.Rand) {
		uniform(w, math.Sqrt(6/((1+a*a)*float64(p.fanIn))), r)
	}}
}

// KaimingNormal draws with std = sqrt(2/fan in), fan in = in/groups·kernel (He et al. 2015).
func KaimingNormal() Initializer {
	return Initializer{"kaiming normal", func(w []float32, p *Param, r *rand.Rand) {
		normal(w, math.Sqrt(2/float64(p.fanIn)), r)
	}}
}

// KaimingFanOut draws with std = sqrt(2/fan out), fan out = filters·kernel, not divided by the groups: the
// initialisation of torchvision's ResNet and of the authors' ResNeXt.
func KaimingFanOut() Initializer {
	return Initializer{"kaiming fan out", func(w []float32, p *Param, r *rand.Rand) {
		normal(w, math.Sqrt(2/float64(p.fanOut)), r)
	}}
}

// GlorotUniform is Keras' default: uniform in ±sqrt(6/(fan in + fan out)) (Glorot and Bengio 2010).
func GlorotUniform() Initializer {
	return Initializer{"glorot uniform", func(w []float32, p *Param, r *rand.Rand) {
		uniform(w, math.Sqrt(6/float64(p.fanIn+p.fanOut)), r)
	}}
}

// GlorotNormal draws with std = sqrt(2/(fan in + fan out)).
func GlorotNormal() Initializer {
	return Initializer{"glorot normal", func(w []float32, p *Param, r *rand.Rand) {
		normal(w, math.Sqrt(2/float64(p.fanIn+p.fanOut)), r)
	}}
}

// biasUniform is PyTorch's default for biases: uniform in ±1/sqrt(fan in).
func biasUniform() Initializer {
	return Initializer{"bias uniform", func(w []float32, p *Param, r *rand.Rand) {
		uniform(w, 1/math.Sqrt(float64(p.fanIn)), r)
	}}
}

func normal(w []float32, std float64, r *rand.Rand) {
	for i := range w {
		w[i] = float32(r.NormFloat64() * std)
	}
}

func uniform(w []float32, bound float64, r *rand.Rand) {
	for i := range w {
		w[i] = float32((2*r.Float64() - 1) * bound)
	}
}

// torchUniform is what PyTorch starts convolutions and linear layers with.
func torchUniform() Initializer { return KaimingUniform(math.Sqrt(5)) }
