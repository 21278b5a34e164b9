package nn

// A TrainingSpec describes a training run as data, so that it can be kept beside its results and repeated; it reads and writes
// JSON. Fields are named after the options of [Model.Fit]; what is 0 is off or has the option's default.
type TrainingSpec struct {
	Epochs    int           `json:"epochs,omitempty"`
	Seed      uint64        `json:"seed,omitempty"`
	Optimizer OptimizerSpec `json:"optimizer"`
	Schedule  *ScheduleSpec `json:"schedule,omitempty"`
	NoDecay   []string      `json:"no_decay,omitempty"`   // suffixes for [Model.NoDecay]
	TrainOnly []string      `json:"train_only,omitempty"` // layers for [Model.TrainOnly]

	LabelSmoothing float64   `json:"label_smoothing,omitempty"`
	ClassWeights   []float64 `json:"class_weights,omitempty"`
	Mixup          float64   `json:"mixup,omitempty"`
	CutMix         float64   `json:"cutmix,omitempty"`

	Accumulate    int     `json:"accumulate,omitempty"`
	ClipNorm      float64 `json:"clip_norm,omitempty"`
	EMA           float64 `json:"ema,omitempty"`
	EarlyStopping int     `json:"early_stopping,omitempty"`
	KeepBest      bool    `json:"keep_best,omitempty"`
	SaveBest      string  `json:"save_best,omitempty"`
	Checkpoint    string  `json:"checkpoint,omitempty"`
	Resume        bool    `json:"resume,omitempty"`
}

// Fit trains m as the spec says. More options follow those of the spec: Validate(test), OnEpoch(live.Epoch).
func (s TrainingSpec) Fit(m *Model, train Loader, more ...FitOption) (h *History, err error) {
	h = &History{}
	defer recovered(&err)
	opt, err := s.Optimizer.Build()
	if err != nil {
		return h, err
	}
	opts, err := s.options()
	if err != nil {
		return h, err
	}
	if len(s.NoDecay) > 0 {
		m.NoDecay(s.NoDecay...)
	}
	if len(s.TrainOnly) > 0 {
		m.TrainOnly(s.TrainOnly...)
	}
	return m.Fit(train, opt, append(opts, more...)...)
}

func (s TrainingSpec) options() (all []FitOption, err error) {
	loss := &CrossEntropyLoss{Smoothing: s.LabelSmoothing, Weights: s.ClassWeights}
	all = []FitOption{Objective(loss)}
	add := func(yes bool, o FitOption) {
		if yes {
			all = append(all, o)
		}
	}
	if s.Schedule != nil {
		l, err := s.Schedule.Build()
		if err != nil {
			return nil, err
		}
		all = append(all, LR(l))
	}
	add(s.Epochs != 0, Epochs(s.Epochs))
	add(s.Seed != 0, Seed(s.Seed))
	add(s.Mixup != 0, Mixup(s.Mixup))
	add(s.CutMix != 0, CutMix(s.CutMix))
	add(s.Accumulate != 0, Accumulate(s.Accumulate))
	add(s.ClipNorm != 0, ClipNorm(s.ClipNorm))
	add(s.EMA != 0, EMA(s.EMA))
	add(s.EarlyStopping != 0, EarlyStopping(s.EarlyStopping))
	add(s.KeepBest, KeepBest())
	add(s.SaveBest != "", SaveBest(s.SaveBest))
	add(s.Checkpoint != "", Checkpoint(s.Checkpoint))
	add(s.Resume, Resume())
	return all, nil
}

// UnmarshalJSON implements json.Unmarshaler; it refuses unknown names.
func (s *TrainingSpec) UnmarshalJSON(raw []byte) error {
	type plain TrainingSpec
	return strictly(raw, "TrainingSpec", (*plain)(s))
}
