package nn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A ModelSpec describes a model as data: [Sequential] with its layers in a file. It reads and writes JSON:
//
//	{"layers": [
//	  {"kind": "Conv2D", "in": 1, "out": 32, "kernel": [3], "padding": [1], "no_bias": true},
//	  {"kind": "BatchNorm2D", "in": 32}, {"kind": "ReLU"},
//	  {"kind": "ResNeXtBlock", "in": 32, "out": 64, "cardinality": 8, "base_width": 4},
//	  {"kind": "GlobalAvgPool2D"}, {"kind": "Linear", "in": 64, "out": 10}]}
//
// Reading refuses names that no field has. [ResNeXtSpec] and [RegNetSpec] say the same of whole families in fewer numbers.
type ModelSpec struct {
	Layers []LayerSpec `json:"layers"`
}

// A LayerSpec describes one layer. Kind is the name of its constructor, the other fields are the constructor's arguments and
// options; what the constructor does not take must be left out, and what is left out (0, false, empty) has the constructor's
// default.
type LayerSpec struct {
	Kind string `json:"kind"`           // "Conv2D"
	Name string `json:"name,omitempty"` // as by [Named]

	In     int   `json:"in,omitempty"` // channels or numbers; of normalisations, too
	Out    int   `json:"out,omitempty"`
	Kernel []int `json:"kernel,omitempty"` // one number, or one for each dimension; the window of a pooling, the factor of Upsample
	Hidden int   `json:"hidden,omitempty"` // channels inside a ShuffleUnit
	Expand int   `json:"expand,omitempty"` // of InvertedResidual
	// Multiplier is that of DepthwiseConv2D, 1.
	Multiplier int `json:"multiplier,omitempty"`

	Groups        int    `json:"groups,omitempty"` // of convolutions, GroupNorm, ChannelShuffle and the ShuffleNet units
	Stride        []int  `json:"stride,omitempty"`
	Dilation      []int  `json:"dilation,omitempty"`
	Padding       []int  `json:"padding,omitempty"`
	Pad           string `json:"pad,omitempty"` // "same" or "causal" instead of numbers
	OutputPadding []int  `json:"output_padding,omitempty"`
	Ceil          bool   `json:"ceil,omitempty"`
	SkipPadding   bool   `json:"skip_padding,omitempty"` // CountPadding(false)

	NoBias       bool    `json:"no_bias,omitempty"`
	Init         string  `json:"init,omitempty"` // a name of [InitNamed]
	BiasInit     string  `json:"bias_init,omitempty"`
	Eps          float64 `json:"eps,omitempty"`
	StatMomentum float64 `json:"stat_momentum,omitempty"`
	NoAffine     bool    `json:"no_affine,omitempty"`

	Cardinality   int    `json:"cardinality,omitempty"`
	BaseWidth     int    `json:"base_width,omitempty"`
	Form          string `json:"form,omitempty"` // "grouped", "split-transform-sum" or "split-transform-concatenate"
	PreActivation bool   `json:"pre_activation,omitempty"`
	NoNorm        bool   `json:"no_norm,omitempty"`
	SE            int    `json:"se,omitempty"` // reduction, of SqueezeExcite, too

	Value    float64     `json:"value,omitempty"` // probability of a dropout, slope of LeakyReLU, alpha of ELU
	Shape    []int       `json:"shape,omitempty"` // of Reshape
	Layers   []LayerSpec `json:"layers,omitempty"`
	Shortcut *LayerSpec  `json:"shortcut,omitempty"` // of ResidualVia
}

// Build makes the model with weights from seed. It returns a ConfigError that names the layer and the numbers that don't fit.
func (s ModelSpec) Build(seed uint64) (m *Model, err error) {
	defer recovered(&err)
	layers, err := buildAll(s.Layers, "layers")
	if err == nil && len(layers) == 0 {
		err = ConfigError{"ModelSpec", "no layers"}
	}
	if err != nil {
		return nil, err
	}
	m = Sequential(layers...)
	m.seed = seed
	return m, nil
}

func buildAll(specs []LayerSpec, path string) ([]Layer, error) {
	layers := make([]Layer, len(specs))
	for i, s := range specs {
		l, err := s.build(fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		layers[i] = l
	}
	return layers, nil
}

// build makes a layer; path says where it stands in the spec.
func (s LayerSpec) build(path string) (l Layer, err error) {
	defer func() {
		if c, ok := errors.AsType[ConfigError](err); ok && !strings.HasPrefix(c.Op, "ModelSpec") {
			err = ConfigError{"ModelSpec, " + path, c.Error()}
		}
	}()
	defer recovered(&err)
	make, ok := layerKinds[s.Kind]
	if !ok {
		refuse("LayerSpec", "no layer is called %q; there are %s", s.Kind, strings.Join(slices.Sorted(maps.Keys(layerKinds)), ", "))
	}
	if err := s.checkUsed(make.takes); err != nil {
		return nil, err
	}
	inner, err := buildAll(s.Layers, path+".layers")
	if err != nil {
		return nil, err
	}
	b := layerBuild{LayerSpec: s, layers: inner, options: s.options()}
	if s.Shortcut != nil {
		if b.shortcut, err = s.Shortcut.build(path + ".shortcut"); err != nil {
			return nil, err
		}
	}
	l = make.build(b)
	if s.Name != "" {
		l = Named(s.Name, l)
	}
	return l, nil
}

// strictly reads JSON into a spec and refuses names that it doesn't know, which otherwise would be passed over in silence.
func strictly(raw []byte, op string, spec any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(spec); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler; it refuses unknown names.
func (s *ModelSpec) UnmarshalJSON(raw []byte) error {
	type plain ModelSpec
	return strictly(raw, "ModelSpec", (*plain)(s))
}

// UnmarshalJSON implements json.Unmarshaler; it refuses unknown names.
func (s *LayerSpec) UnmarshalJSON(raw []byte) error {
	type plain LayerSpec
	return strictly(raw, "LayerSpec", (*plain)(s))
}

// UnmarshalJSON implements json.Unmarshaler; it refuses unknown names.
func (s *ResNeXtSpec) UnmarshalJSON(raw []byte) error {
	type plain ResNeXtSpec
	return strictly(raw, "ResNeXtSpec", (*plain)(s))
}

// UnmarshalJSON implements json.Unmarshaler; it refuses unknown names.
func (s *RegNetSpec) UnmarshalJSON(raw []byte) error {
	type plain RegNetSpec
	return strictly(raw, "RegNetSpec", (*plain)(s))
}
