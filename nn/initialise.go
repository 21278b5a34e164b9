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

// Normal draws from a normal distribution with mean 0. It panics with a ConfigError if the deviation is negative.
func Normal(std float64) Initializer {
	checkRange("Normal", "the deviation", std, 0, math.Inf(1))
	return Initializer{fmt.Sprintf("normal %g", std), func(w []float32, _ *Param, r *rand.Rand) { normal(w, std, r) }}
}

// Uniform draws evenly from ±bound. It panics with a ConfigError if the bound is negative.
func Uniform(bound float64) Initializer {
	checkRange("Uniform", "the bound", bound, 0, math.Inf(1))
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

// KaimingFanOutPerGroup is [KaimingFanOut] with the fan out divided by the groups: each input of a grouped convolution feeds
// only the filters of its group.
func KaimingFanOutPerGroup() Initializer {
	return Initializer{"kaiming fan out per group", func(w []float32, p *Param, r *rand.Rand) {
		normal(w, math.Sqrt(2/float64(p.fanOut/max(p.groups, 1))), r)
	}}
}

// GlorotUniform is Keras' default, PyTorch's xavier_uniform_: uniform in ±sqrt(6/(fan in + fan out)) (Glorot and Bengio 2010).
func GlorotUniform() Initializer {
	return Initializer{"glorot uniform", func(w []float32, p *Param, r *rand.Rand) {
		uniform(w, math.Sqrt(6/float64(p.fanIn+p.fanOut)), r)
	}}
}

// GlorotNormal draws with std = sqrt(2/(fan in + fan out)), cut off at two deviations, as Keras does.
func GlorotNormal() Initializer {
	return Initializer{"glorot normal", func(w []float32, p *Param, r *rand.Rand) {
		truncated(w, math.Sqrt(2/float64(p.fanIn+p.fanOut)), r)
	}}
}

// XavierNormal is PyTorch's xavier_normal_: [GlorotNormal] without the cut.
func XavierNormal() Initializer {
	return Initializer{"xavier normal", func(w []float32, p *Param, r *rand.Rand) {
		normal(w, math.Sqrt(2/float64(p.fanIn+p.fanOut)), r)
	}}
}

// HeUniform is Keras' he_uniform, PyTorch's kaiming_uniform_: uniform in ±sqrt(6/fan in) (He et al. 2015).
func HeUniform() Initializer { return KaimingUniform(0) }

// HeNormal is Keras' he_normal: std = sqrt(2/fan in), cut off at two deviations; [KaimingNormal] is PyTorch's, without the cut.
func HeNormal() Initializer {
	return Initializer{"he normal", func(w []float32, p *Param, r *rand.Rand) {
		truncated(w, math.Sqrt(2/float64(p.fanIn)), r)
	}}
}

// LecunUniform draws evenly from ±sqrt(3/fan in) (LeCun et al. 1998).
func LecunUniform() Initializer {
	return Initializer{"lecun uniform", func(w []float32, p *Param, r *rand.Rand) {
		uniform(w, math.Sqrt(3/float64(p.fanIn)), r)
	}}
}

// LecunNormal draws with std = sqrt(1/fan in), cut off at two deviations, as Keras does.
func LecunNormal() Initializer {
	return Initializer{"lecun normal", func(w []float32, p *Param, r *rand.Rand) {
		truncated(w, math.Sqrt(1/float64(p.fanIn)), r)
	}}
}

// TruncatedNormal draws from a normal distribution with mean 0, cut off at two deviations and widened so that std is what
// remains.
func TruncatedNormal(std float64) Initializer {
	checkRange("TruncatedNormal", "the deviation", std, 0, math.Inf(1))
	return Initializer{fmt.Sprintf("truncated normal %g", std), func(w []float32, _ *Param, r *rand.Rand) { truncated(w, std, r) }}
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

// truncated draws within two deviations; the rest would have 0.8796 of the deviation.
func truncated(w []float32, std float64, r *rand.Rand) {
	std /= 0.87962566103423978
	for i := range w {
		z := r.NormFloat64()
		for math.Abs(z) > 2 {
			z = r.NormFloat64()
		}
		w[i] = float32(z * std)
	}
}

func uniform(w []float32, bound float64, r *rand.Rand) {
	for i := range w {
		w[i] = float32((2*r.Float64() - 1) * bound)
	}
}

// torchUniform is what PyTorch starts convolutions and linear layers with.
func torchUniform() Initializer { return KaimingUniform(math.Sqrt(5)) }
