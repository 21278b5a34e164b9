package nn

import (
	"fmt"
	"math"
	"time"

	"github.com/groupnb/groupnb/repl/display"
)

// fitting is a training run.
type fitting struct {
	fitConfig
	model   *Model
	train   Loader
	opt     Optimizer
	params  []*Param
	history *History
	batch   Batch
	step    int // of the optimiser
	batches int // since the last step
	bar     *display.Bar
	sums    [][]float32 // gradients accumulated since the last step
	ema     *movingAverage
	record  record
}

func (f *fitting) run() error {
	first, err := f.begin()
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	if !f.quiet {
		f.bar = display.Progress("training", f.epochs*f.train.Len())
		defer f.bar.Done()
	}
	for epoch := first; epoch < f.epochs && !f.record.stop; epoch++ {
		if err = f.epoch(epoch); err != nil {
			break
		}
	}
	f.end()
	return err
}

// begin restores a checkpoint and returns the epoch to start with.
func (f *fitting) begin() (int, error) {
	first := 0
	if f.resume {
		n, err := f.restore()
		if err != nil {
			return 0, err
		}
		first = n
	}
	if f.average > 0 && f.ema == nil {
		f.ema = newMovingAverage(f.average, f.params)
	}
	return first, nil
}

// end leaves the weights in the model that the options ask for.
func (f *fitting) end() {
	switch {
	case f.best && f.record.weights != nil:
		f.record.restore(f.model)
	case f.ema != nil:
		f.ema.swap(f.params)
	}
}

// total is how many steps the optimiser takes in the whole run.
func (f *fitting) total() int { return f.epochs * f.perEpoch() }

func (f *fitting) perEpoch() int { return (f.train.Len() + f.accumulate - 1) / f.accumulate }

// tally sums up what an epoch's batches bring.
type tally struct {
	loss                     float64
	right, labelled, counted int
}

func (f *fitting) epoch(epoch int) error {
	start := time.Now()
	var sum tally
	var last StepStats
	f.train.Start(f.seed, epoch)
	f.model.reseed(f.seed, epoch)
	for i := 1; f.train.Next(&f.batch); i++ {
		if err := f.ctx.Err(); err != nil {
			return fmt.Errorf("fit: stopped in epoch %d after %d steps: %w", epoch+1, f.step, err)
		}
		s, err := f.one(epoch, &sum)
		if err != nil {
			return err
		}
		last = s
		if f.batches == f.accumulate || i == f.train.Len() {
			f.update(&last)
			f.history.Steps = append(f.history.Steps, last)
			for _, call := range f.onStep {
				call(last)
			}
		}
		f.progress(epoch, epoch*f.train.Len()+i, s.Loss)
	}
	return f.endEpoch(epoch, sum, last, time.Since(start).Seconds())
}

func (f *fitting) progress(epoch, batches int, loss float64) {
	if f.bar != nil {
		f.bar.Label(fmt.Sprintf("epoch %d/%d", epoch+1, f.epochs))
		f.bar.Set(batches, fmt.Sprintf("loss %.4f", loss))
	}
}

// one computes loss and gradients of the current batch.
func (f *fitting) one(epoch int, sum *tally) (StepStats, error) {
	m, b := f.model, &f.batch
	b.X.check("Fit")
	if f.mix != nil {
		f.mix.apply(b, m, stream(f.seed, fmt.Sprintf("mix %d %d %d", epoch, f.step, f.batches)))
	}
	s := StepStats{Step: f.step, Epoch: epoch + 1}
	s.LR = f.schedule.Rate(f.step, f.total(), f.perEpoch(), f.opt.BaseLR())
	if !(s.LR >= 0) || math.IsInf(s.LR, 1) {
		return s, fmt.Errorf("fit: the schedule gives a learning rate of %g for step %d of epoch %d", s.LR, f.step, epoch+1)
	}
	p := m.plan(b.X.Shape, true, false)
	out := m.run(b.X, p)
	s.Loss = f.loss.Loss(p.dOut, out, b)
	if math.IsNaN(s.Loss) || math.IsInf(s.Loss, 0) {
		return s, fmt.Errorf("fit: the loss is %g at step %d of epoch %d (learning rate %g): %s",
			s.Loss, f.step, epoch+1, s.LR, p.notFinite())
	}
	sum.add(s.Loss, out, b)
	m.back(p)
	f.batches++
	if f.accumulate > 1 {
		f.collect()
	}
	return s, nil
}

// collect adds the gradients to those of the batches before.
func (f *fitting) collect() {
	if f.sums == nil {
		for _, p := range f.params {
			f.sums = append(f.sums, make([]float32, p.Len()))
		}
	}
	for i, p := range f.params {
		for j, g := range p.Grad.Data {
			f.sums[i][j] += g
		}
	}
}

// update makes the optimiser's step with the gradients collected so far.
func (f *fitting) update(s *StepStats) {
	if f.accumulate > 1 {
		for i, p := range f.params {
			for j, g := range f.sums[i] {
				p.Grad.Data[j] = g / float32(f.batches)
			}
			clear(f.sums[i])
		}
	}
	if f.clip > 0 {
		s.GradNorm = ClipGradNorm(f.params, f.clip)
	}
	f.cycleMomentum()
	f.opt.Step(f.params, s.LR)
	if f.ema != nil {
		f.ema.add(f.params)
	}
	f.step++
	f.batches = 0
}

// cycleMomentum follows a schedule that moves the momentum too.
func (f *fitting) cycleMomentum() {
	s, ok := f.schedule.(OneCycleLR)
	if o, can := f.opt.(momentumCycler); ok && can && s.HighMomentum > 0 {
		o.setMomentum(s.Momentum(f.step, f.total()))
	}
}

func (t *tally) add(loss float64, out *Tensor, b *Batch) {
	n := out.Shape[0]
	t.loss += loss * float64(n)
	t.counted += n
	if len(out.Shape) != 2 || len(b.Y) != n {
		return
	}
	t.labelled += n
	for i, y := range b.Y {
		if argmax(out.Data[i*out.Shape[1]:][:out.Shape[1]]) == y {
			t.right++
		}
	}
}

func (t *tally) means() (loss, accuracy float64) {
	accuracy = math.NaN()
	if t.labelled > 0 {
		accuracy = float64(t.right) / float64(t.labelled)
	}
	return t.loss / float64(max(t.counted, 1)), accuracy
}

func argmax(row []float32) int {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return best
}

func (f *fitting) endEpoch(epoch int, sum tally, last StepStats, seconds float64) error {
	e := EpochStats{Epoch: epoch + 1, LR: last.LR, Seconds: seconds, ValLoss: math.NaN(), ValAcc: math.NaN()}
	e.Loss, e.Accuracy = sum.means()
	e.ImagesPerSecond = float64(sum.counted) / max(seconds, 1e-9)
	err := f.measure(&e)
	f.history.Epochs = append(f.history.Epochs, e)
	if err == nil {
		f.observe(e)
		err = f.save(e)
	}
	for _, call := range f.onEpoch {
		call(e)
	}
	if err != nil {
		return fmt.Errorf("fit: after epoch %d: %w", epoch+1, err)
	}
	return nil
}

// measure validates, with the averaged weights if there are any.
func (f *fitting) measure(e *EpochStats) error {
	if f.validate == nil {
		return nil
	}
	if f.ema != nil {
		f.ema.swap(f.params)
		defer f.ema.swap(f.params)
	}
	v, err := f.model.evaluate(f.ctx, f.validate, f.loss)
	if err != nil {
		return fmt.Errorf("validation: %w", err)
	}
	e.ValLoss, e.ValAcc = v.Loss, v.Accuracy
	if f.record.see(*e, f.patience) {
		return f.keepBest()
	}
	return nil
}

// observe tells a schedule that looks at results.
func (f *fitting) observe(e EpochStats) {
	if s, ok := f.schedule.(interface{ Observe(EpochStats) }); ok {
		s.Observe(e)
	}
}
