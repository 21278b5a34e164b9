package nn

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// optionFields are the fields that become options, which constructors check themselves.
var optionFields = []string{
	"groups", "stride", "dilation", "padding", "pad", "output_padding", "ceil", "skip_padding", "no_bias", "init", "bias_init", "eps",
	"stat_momentum", "no_affine", "cardinality", "base_width", "form", "pre_activation", "no_norm", "se",
}

// checkUsed refuses fields that the kind does not take: those in takes, and the options if takes has "options".
func (s LayerSpec) checkUsed(takes string) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return ConfigError{"LayerSpec", err.Error()} // a number that is not finite
	}
	var set map[string]json.RawMessage
	if err := json.Unmarshal(raw, &set); err != nil {
		return err
	}
	allowed := append(strings.Fields(takes), "kind", "name")
	for field := range set {
		isOption := slices.Contains(allowed, "options") && slices.Contains(optionFields, field)
		if !isOption && !slices.Contains(allowed, field) {
			return ConfigError{s.Kind, fmt.Sprintf("it does not take %q", field)}
		}
	}
	return nil
}

func (s LayerSpec) options() (all []Option) {
	add := func(yes bool, o func() Option) {
		if yes {
			all = append(all, o())
		}
	}
	add(s.Groups != 0, func() Option { return Groups(s.Groups) })
	add(len(s.Stride) > 0, func() Option { return Stride(s.Stride...) })
	add(len(s.Dilation) > 0, func() Option { return Dilation(s.Dilation...) })
	add(len(s.Padding) > 0, func() Option { return Padding(s.Padding...) })
	add(s.Pad != "", s.pad)
	add(len(s.OutputPadding) > 0, func() Option { return OutputPadding(s.OutputPadding...) })
	add(s.Ceil, Ceil)
	add(s.SkipPadding, func() Option { return CountPadding(false) })
	add(s.NoBias, NoBias)
	add(s.Init != "", func() Option { return Init(InitNamed(s.Init)) })
	add(s.BiasInit != "", func() Option { return BiasInit(InitNamed(s.BiasInit)) })
	add(s.Eps != 0, func() Option { return Eps(s.Eps) })
	add(s.StatMomentum != 0, func() Option { return StatMomentum(s.StatMomentum) })
	add(s.NoAffine, NoAffine)
	add(s.Cardinality != 0, func() Option { return Cardinality(s.Cardinality) })
	add(s.BaseWidth != 0, func() Option { return BaseWidth(s.BaseWidth) })
	add(s.Form != "", s.form)
	add(s.PreActivation, PreActivation)
	add(s.NoNorm, NoNorm)
	add(s.SE != 0, func() Option { return SE(s.SE) })
	return all
}

func (s LayerSpec) pad() Option {
	switch s.Pad {
	case "same":
		return Same()
	case "causal":
		return Causal()
	}
	refuse(s.Kind, "pad is %q, want same or causal, or numbers as padding", s.Pad)
	return Option{}
}

func (s LayerSpec) form() Option {
	for _, f := range []Form{Grouped, SplitSum, SplitConcat} {
		if s.Form == f.String() {
			return InForm(f)
		}
	}
	refuse(s.Kind, "form is %q, want %s, %s or %s", s.Form, Grouped, SplitSum, SplitConcat)
	return Option{}
}
