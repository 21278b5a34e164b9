package nn

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/groupnb/groupnb/repl/display"
)

// A FitOption adjusts [Model.Fit].
type FitOption func(*fitConfig)

type fitConfig struct {
	epochs   int
	seed     uint64
	schedule Schedule
	loss     Loss
	validate Dataset
	onEpoch  []func(EpochStats)
	onStep   []func(StepStats)
	ctx      context.Context
	quiet    bool
	clip     float64
}

// Epochs is how often training goes through the data. Default 1.
func Epochs(n int) FitOption { return func(c *fitConfig) { c.epochs = n } }

// Seed decides the order of the examples, augmentation and dropout; not the weights, see [Model.Init]. Default 1.
func Seed(seed uint64) FitOption { return func(c *fitConfig) { c.seed = seed } }

// LR sets the learning rate of each step. Default: the optimiser's own.
func LR(s Schedule) FitOption { return func(c *fitConfig) { c.schedule = s } }

// Objective sets the loss. Default [CrossEntropy].
func Objective(l Loss) FitOption { return func(c *fitConfig) { c.loss = l } }

// Validate measures loss and accuracy on d after every epoch.
func Validate(d Dataset) FitOption { return func(c *fitConfig) { c.validate = d } }

// OnEpoch calls f after every epoch.
func OnEpoch(f func(EpochStats)) FitOption {
	return func(c *fitConfig) { c.onEpoch = append(c.onEpoch, f) }
}

// OnStep calls f after every step.
func OnStep(f func(StepStats)) FitOption {
	return func(c *fitConfig) { c.onStep = append(c.onStep, f) }
}

// Context stops training between two steps when ctx is done. Default: the context of the running notebook cell.
func Context(ctx context.Context) FitOption { return func(c *fitConfig) { c.ctx = ctx } }

// Quiet shows no progress bar.
func Quiet() FitOption { return func(c *fitConfig) { c.quiet = true } }

// ClipNorm scales gradients down so that their common norm is at most limit; see [ClipGradNorm].
func ClipNorm(limit float64) FitOption { return func(c *fitConfig) { c.clip = limit } }

// Fit trains the model on train. It shows a progress bar and returns the course of the run.
//
// When its context is done (Ctrl-C in a notebook) it stops after the running step and returns the history so far and an
// error that wraps context.Canceled; the model keeps what it has learned and may be used and trained on. A loss that is
// not a number stops it too, with an error that names step and layer.
func (m *Model) Fit(train Loader, opt Optimizer, opts ...FitOption) (h *History, err error) {
	h = &History{}
	defer recovered(&err)
	c := fitConfig{epochs: 1, seed: 1, loss: CrossEntropy(), schedule: ConstantLR(), ctx: display.Context()}
	for _, o := range opts {
		o(&c)
	}
	if train.Len() < 1 {
		return h, fmt.Errorf("fit: the training set has no batches")
	}
	f := &fitting{model: m, fitConfig: c, train: train, opt: opt, history: h, params: m.Params()}
	return h, f.run()
}

// fitting is a training run.
type fitting struct {
	fitConfig
	model   *Model
	train   Loader
	opt     Optimizer
	params  []*Param
	history *History
	batch   Batch
	step    int
	bar     *display.Bar
}

func (f *fitting) run() error {
	if !f.quiet {
		f.bar = display.Progress("training", f.epochs*f.train.Len())
		defer f.bar.Done()
	}
	for epoch := range f.epochs {
		if err := f.epoch(epoch); err != nil {
			return err
		}
	}
	return nil
}

// tally sums up what an epoch's batches bring.
type tally struct {
	loss           float64
	right, counted int
}

func (f *fitting) epoch(epoch int) error {
	start := time.Now()
	var sum tally
	var last StepStats
	f.train.Start(f.seed, epoch)
	f.model.reseed(f.seed, epoch)
	for f.train.Next(&f.batch) {
		if err := f.ctx.Err(); err != nil {
			return fmt.Errorf("fit: stopped in epoch %d after %d steps: %w", epoch+1, f.step, err)
		}
		s, err := f.one(epoch, &sum)
		if err != nil {
			return err
		}
		last = s
		f.history.Steps = append(f.history.Steps, s)
		for _, call := range f.onStep {
			call(s)
		}
		if f.bar != nil {
			f.bar.Label(fmt.Sprintf("epoch %d/%d", epoch+1, f.epochs))
			f.bar.Set(f.step, fmt.Sprintf("loss %.4f", s.Loss))
		}
	}
	return f.endEpoch(epoch, sum, last, time.Since(start).Seconds())
}

// one makes a training step on the current batch.
func (f *fitting) one(epoch int, sum *tally) (StepStats, error) {
	m, b := f.model, &f.batch
	s := StepStats{Step: f.step, Epoch: epoch + 1}
	s.LR = f.schedule.Rate(f.step, f.epochs*f.train.Len(), f.train.Len(), f.opt.BaseLR())
	p := m.plan(b.X.Shape, true, false)
	out := m.run(b.X, p)
	s.Loss = f.loss.Loss(p.grads[m.output], out, b)
	if math.IsNaN(s.Loss) || math.IsInf(s.Loss, 0) {
		return s, fmt.Errorf("fit: the loss is %g at step %d of epoch %d (learning rate %g): %s",
			s.Loss, f.step, epoch+1, s.LR, p.notFinite())
	}
	m.back(p)
	if f.clip > 0 {
		s.GradNorm = ClipGradNorm(f.params, f.clip)
	}
	f.cycleMomentum()
	f.opt.Step(f.params, s.LR)
	f.step++
	sum.add(s.Loss, out, b)
	return s, nil
}

// cycleMomentum follows a schedule that moves the momentum too.
func (f *fitting) cycleMomentum() {
	s, ok := f.schedule.(OneCycleLR)
	if o, can := f.opt.(momentumCycler); ok && can && s.HighMomentum > 0 {
		o.setMomentum(s.Momentum(f.step, f.epochs*f.train.Len()))
	}
}

func (t *tally) add(loss float64, out *Tensor, b *Batch) {
	n := out.Shape[0]
	t.loss += loss * float64(n)
	t.counted += n
	if len(out.Shape) != 2 || len(b.Y) != n {
		return
	}
	for i, y := range b.Y {
		if argmax(out.Data[i*out.Shape[1]:][:out.Shape[1]]) == y {
			t.right++
		}
	}
}

func (t *tally) means() (loss, accuracy float64) {
	n := float64(max(t.counted, 1))
	return t.loss / n, float64(t.right) / n
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
	var err error
	if f.validate != nil {
		var v Evaluation
		if v, err = f.model.evaluate(f.ctx, f.validate, f.loss); err == nil {
			e.ValLoss, e.ValAcc = v.Loss, v.Accuracy
		}
	}
	f.history.Epochs = append(f.history.Epochs, e)
	for _, call := range f.onEpoch {
		call(e)
	}
	if err != nil {
		return fmt.Errorf("fit: validation after epoch %d: %w", epoch+1, err)
	}
	return nil
}

// notFinite names the first layer whose last output holds NaN or Inf. Outputs whose memory was reused are passed over.
func (p *plan) notFinite() string {
	for _, s := range p.steps {
		for _, param := range s.node.op.params() {
			if !finite(param.Value.Data) {
				return "parameter " + param.Name + " is not finite"
			}
		}
	}
	if !finite(p.in.Data) {
		return "the input is not finite"
	}
	for _, s := range p.steps {
		s.forward()
		if !finite(s.call.y.Data) {
			return "the output of " + s.node.name + " is not finite"
		}
	}
	return "all layers' outputs are finite"
}

func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}
