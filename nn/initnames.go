package nn

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// initializers are the names that Keras and PyTorch use, with their defaults.
var initializers = map[string]func() Initializer{
	"zeros": Zeros, "zeros_": Zeros, "ones": Ones, "ones_": Ones,
	"glorot_uniform": GlorotUniform, "xavier_uniform_": GlorotUniform,
	"glorot_normal": GlorotNormal, "xavier_normal_": XavierNormal,
	"he_uniform": HeUniform, "kaiming_uniform_": HeUniform,
	"he_normal": HeNormal, "kaiming_normal_": KaimingNormal,
	"lecun_uniform": LecunUniform, "lecun_normal": LecunNormal,
	"random_normal":    func() Initializer { return Normal(0.05) },
	"random_uniform":   func() Initializer { return Uniform(0.05) },
	"truncated_normal": func() Initializer { return TruncatedNormal(0.05) },
	"normal_":          func() Initializer { return Normal(1) },
	"trunc_normal_":    func() Initializer { return TruncatedNormal(0.02) },

	"kaiming_fan_out": KaimingFanOut, "kaiming_fan_out_per_group": KaimingFanOutPerGroup,
	"torch_default": func() Initializer { return KaimingUniform(math.Sqrt(5)) },
}

// InitNamed returns the initialiser that Keras ("glorot_uniform", Keras' default; "he_normal") or PyTorch
// ("xavier_uniform_", "kaiming_normal_") calls by a name, with its default settings; "torch_default" is what PyTorch's
// layers start from, and this package's. It panics with a ConfigError that lists the names if there is none.
func InitNamed(name string) Initializer {
	make, ok := initializers[name]
	if !ok {
		refuse("InitNamed", "no initialiser is called %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(initializers)), ", "))
	}
	return make()
}
