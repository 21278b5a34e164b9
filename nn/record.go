package nn

import (
	"math"
	"slices"
)

// record is the best epoch so far: the most accurate one, or where there are no classes the one with the least loss.
type record struct {
	accuracy, loss float64
	weights        [][]float32 // of the best epoch, if they are kept
	waited         int         // epochs since the loss fell
	stop           bool
}

func newRecord() record { return record{accuracy: -1, loss: math.Inf(1)} }

// see takes in an epoch and reports whether it is the best.
func (r *record) see(e EpochStats, patience int) (best bool) {
	if math.IsNaN(e.ValAcc) {
		best = e.ValLoss < r.loss
	}
	if e.ValLoss < r.loss {
		r.loss, r.waited = e.ValLoss, 0
	} else if r.waited++; patience > 0 && r.waited >= patience {
		r.stop = true
	}
	if e.ValAcc > r.accuracy {
		r.accuracy, best = e.ValAcc, true
	}
	return best
}

// keepBest does what the options ask for after the best epoch so far, while the validated weights are in the model.
func (f *fitting) keepBest() error {
	if f.best {
		f.record.keep(f.model)
	}
	if f.bestPath != "" {
		return f.model.Save(f.bestPath)
	}
	return nil
}

func (r *record) keep(m *Model) {
	r.weights = r.weights[:0]
	for _, e := range m.state() {
		r.weights = append(r.weights, slices.Clone(e.value.Data))
	}
}

func (r *record) restore(m *Model) {
	for i, e := range m.state() {
		copy(e.value.Data, r.weights[i])
	}
}

// movingAverage is the running mean of the weights.
type movingAverage struct {
	decay   float64
	weights [][]float32
}

func newMovingAverage(decay float64, params []*Param) *movingAverage {
	a := &movingAverage{decay: decay}
	for _, p := range params {
		a.weights = append(a.weights, slices.Clone(p.Value.Data))
	}
	return a
}

func (a *movingAverage) add(params []*Param) {
	d := float32(a.decay)
	for i, p := range params {
		w := a.weights[i]
		for j, v := range p.Value.Data {
			w[j] = d*w[j] + (1-d)*v
		}
	}
}

// swap exchanges the model's weights with the averaged ones.
func (a *movingAverage) swap(params []*Param) {
	for i, p := range params {
		w := a.weights[i]
		for j, v := range p.Value.Data {
			p.Value.Data[j], w[j] = w[j], v
		}
	}
}
