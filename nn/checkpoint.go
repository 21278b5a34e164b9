package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/groupnb/groupnb/nn/internal/safetensors"
)

// Prefixes of the tensors in a checkpoint.
const (
	inModel   = "model."
	inAverage = "average."
	inBest    = "best."
	inMemory  = "optimizer." // followed by what the optimiser remembers and the parameter: optimizer.velocity.fc1.bias
)

// rememberer is an optimiser with a memory.
type rememberer interface{ remembered() *memory }

// save writes the checkpoint that the options ask for.
func (f *fitting) save(e EpochStats) error {
	if f.checkpoint == "" {
		return nil
	}
	var entries []safetensors.Entry
	for _, s := range f.model.state() {
		entries = append(entries, safetensors.Entry{Name: inModel + s.name, Shape: s.shape, Float32: s.value.Data})
	}
	meta := f.identity()
	meta["epoch"], meta["step"] = strconv.Itoa(e.Epoch), strconv.Itoa(f.step)
	if o, ok := f.opt.(rememberer); ok {
		meta["optimizer steps"] = strconv.Itoa(o.remembered().steps)
		entries = append(entries, o.remembered().entries(f.params)...)
	}
	if f.ema != nil {
		for i, p := range f.params {
			entries = append(entries, safetensors.Entry{Name: inAverage + p.Name, Shape: p.Shape, Float32: f.ema.weights[i]})
		}
	}
	for i, w := range f.record.weights {
		e := f.model.state()[i]
		entries = append(entries, safetensors.Entry{Name: inBest + e.name, Shape: e.shape, Float32: w})
	}
	history, err := json.Marshal(f.history)
	if err != nil {
		return err
	}
	meta["history"] = string(history)
	err = replaceFile(f.checkpoint, func(w io.Writer) error { return safetensors.Write(w, entries, meta) })
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", f.checkpoint, err)
	}
	return nil
}

// identity is what a run that goes on must have in common with the one that wrote its checkpoint.
func (f *fitting) identity() map[string]string {
	return map[string]string{
		"seed":           strconv.FormatUint(f.seed, 10),
		"optimizer":      strings.TrimPrefix(fmt.Sprintf("%T", f.opt), "*nn."),
		"steps an epoch": strconv.Itoa(f.perEpoch()),
	}
}

func (m *memory) entries(params []*Param) (all []safetensors.Entry) {
	for _, slot := range slices.Sorted(maps.Keys(m.slots)) {
		for _, p := range params {
			if v, ok := m.slots[slot][p]; ok {
				all = append(all, safetensors.Entry{Name: inMemory + slot + "." + p.Name, Shape: p.Shape, Float32: v})
			}
		}
	}
	return all
}

// restore reads the checkpoint, if there is one, and returns how many epochs it has behind it.
func (f *fitting) restore() (epochs int, err error) {
	file, err := os.Open(f.checkpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("resume: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, fmt.Errorf("resume: %w", err)
	}
	s, err := safetensors.Parse(file, info.Size())
	if err == nil {
		epochs, err = f.resumeFrom(s)
	}
	if err != nil {
		return 0, fmt.Errorf("resume from %s: %w", f.checkpoint, err)
	}
	return epochs, nil
}

func (f *fitting) resumeFrom(s *safetensors.File) (epochs int, err error) {
	number := func(key string) int {
		n, e := strconv.Atoi(s.Metadata[key])
		if e != nil && err == nil {
			err = fmt.Errorf("it says %s = %q", key, s.Metadata[key])
		}
		return n
	}
	epochs, f.step = number("epoch"), number("step")
	if o, ok := f.opt.(rememberer); ok {
		o.remembered().steps = number("optimizer steps")
	}
	if err != nil {
		return 0, err
	}
	for what, mine := range f.identity() {
		if its, has := s.Metadata[what]; has && its != mine {
			return 0, fmt.Errorf("its %s is %s, this run's %s; load the weights alone to go on in another way", what, its, mine)
		}
	}
	if err := json.Unmarshal([]byte(s.Metadata["history"]), f.history); err != nil {
		return 0, fmt.Errorf("history: %w", err)
	}
	strip := func(prefix string) func(string) string {
		return func(name string) string {
			if len(name) > len(prefix) && name[:len(prefix)] == prefix {
				return name[len(prefix):]
			}
			return ""
		}
	}
	if err := f.model.load(s, loadConfig{rename: strip(inModel)}); err != nil {
		return 0, err
	}
	for _, e := range f.history.Epochs {
		f.observe(e)
		f.record.see(e, f.patience)
	}
	if err := f.recallBest(s); err != nil {
		return 0, err
	}
	return epochs, f.recall(s)
}

func (f *fitting) recallBest(s *safetensors.File) error {
	for _, e := range f.model.state() {
		if _, has := s.Tensor(inBest + e.name); !has {
			continue
		}
		w := make([]float32, size(e.shape))
		if err := s.Read(inBest+e.name, w); err != nil {
			return err
		}
		f.record.weights = append(f.record.weights, w)
	}
	return nil
}

// recall gives the optimiser and the moving average their memory back.
func (f *fitting) recall(s *safetensors.File) error {
	if f.average > 0 {
		f.ema = newMovingAverage(f.average, f.params)
	}
	for i, p := range f.params {
		if f.ema != nil {
			if _, has := s.Tensor(inAverage + p.Name); !has {
				return fmt.Errorf("it has no moving average of %s; EMA was off", p.Name)
			}
			if err := s.Read(inAverage+p.Name, f.ema.weights[i]); err != nil {
				return err
			}
		}
		o, ok := f.opt.(rememberer)
		for _, slot := range []string{"velocity", "mean", "square", "step"} {
			name := inMemory + slot + "." + p.Name
			if _, has := s.Tensor(name); !has || !ok {
				continue
			}
			v, _ := o.remembered().of(slot, p)
			if err := s.Read(name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// epochJSON is EpochStats with nothing where there is no number, for JSON has no NaN.
type epochJSON struct {
	Epoch           int      `json:"epoch"`
	Loss            *float64 `json:"loss"`
	Accuracy        *float64 `json:"accuracy"`
	ValLoss         *float64 `json:"val_loss"`
	ValAcc          *float64 `json:"val_accuracy"`
	LR              *float64 `json:"lr"`
	Seconds         *float64 `json:"seconds"`
	ImagesPerSecond *float64 `json:"images_per_second"`
}

// MarshalJSON writes numbers that are not finite as null.
func (e EpochStats) MarshalJSON() ([]byte, error) {
	n := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	return json.Marshal(epochJSON{e.Epoch, n(e.Loss), n(e.Accuracy), n(e.ValLoss), n(e.ValAcc), n(e.LR), n(e.Seconds), n(e.ImagesPerSecond)})
}

// UnmarshalJSON reads null as NaN.
func (e *EpochStats) UnmarshalJSON(raw []byte) error {
	var j epochJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return err
	}
	n := func(v *float64) float64 {
		if v == nil {
			return math.NaN()
		}
		return *v
	}
	*e = EpochStats{j.Epoch, n(j.Loss), n(j.Accuracy), n(j.ValLoss), n(j.ValAcc), n(j.LR), n(j.Seconds), n(j.ImagesPerSecond)}
	return nil
}
