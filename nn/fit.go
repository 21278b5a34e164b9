package nn

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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

	accumulate int
	average    float64 // decay of the moving average of the weights, 0 for none
	mix        *mixing
	patience   int
	best       bool
	bestPath   string
	checkpoint string
	resume     bool

	problems []string // with the options
}

func (c *fitConfig) refuse(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// Epochs is how often training goes through the data. Default 1.
func Epochs(n int) FitOption { return func(c *fitConfig) { c.epochs = n } }

// Seed decides the order of the examples, augmentation and dropout; not the weights, see [Model.Init]. Default 1.
func Seed(seed uint64) FitOption { return func(c *fitConfig) { c.seed = seed } }

// LR sets the learning rate of each step. Default: the optimiser's own.
func LR(s Schedule) FitOption { return func(c *fitConfig) { c.schedule = s } }

// Objective sets the loss. Default [CrossEntropy].
func Objective(l Loss) FitOption { return func(c *fitConfig) { c.loss = l } }

// Validate measures loss and accuracy on d, which must have examples, after every epoch.
func Validate(d Dataset) FitOption {
	return func(c *fitConfig) {
		c.validate = d
		if err := someData(d); err != nil {
			c.refuse("Validate: %v", err)
		}
	}
}

// OnEpoch calls f after every epoch.
func OnEpoch(f func(EpochStats)) FitOption {
	return func(c *fitConfig) {
		if f == nil {
			c.refuse("OnEpoch: the function is nil")
		}
		c.onEpoch = append(c.onEpoch, f)
	}
}

// OnStep calls f after every step of the optimiser.
func OnStep(f func(StepStats)) FitOption {
	return func(c *fitConfig) {
		if f == nil {
			c.refuse("OnStep: the function is nil")
		}
		c.onStep = append(c.onStep, f)
	}
}

// Context stops training between two steps when ctx is done. Default: the context of the running notebook cell.
func Context(ctx context.Context) FitOption { return func(c *fitConfig) { c.ctx = ctx } }

// Quiet shows no progress bar.
func Quiet() FitOption { return func(c *fitConfig) { c.quiet = true } }

// ClipNorm scales gradients down so that their common norm is at most limit; see [ClipGradNorm].
func ClipNorm(limit float64) FitOption { return func(c *fitConfig) { c.clip = limit } }

// Accumulate adds up the gradients of n batches for each step of the optimiser, as if batches were n times as large (but
// for normalisations, which see each batch by itself). A schedule counts the optimiser's steps.
func Accumulate(n int) FitOption { return func(c *fitConfig) { c.accumulate = n } }

// EMA keeps an exponential moving average of the weights, average = decay·average + (1-decay)·weights after each step.
// Validation uses it, and the model holds it when Fit returns. It starts from the initial weights, so a run should be long against
// 1/(1-decay) steps.
func EMA(decay float64) FitOption { return func(c *fitConfig) { c.average = decay } }

// EarlyStopping ends training when the validation loss has not fallen for so many epochs, 1 or more. It needs Validate.
func EarlyStopping(patience int) FitOption {
	return func(c *fitConfig) {
		c.patience = patience
		if patience < 1 {
			c.refuse("EarlyStopping(%d), want 1 or more", patience)
		}
	}
}

// KeepBest gives the model back the weights of the epoch with the highest validation accuracy, or where examples have no class with the
// least validation loss. It needs Validate.
func KeepBest() FitOption { return func(c *fitConfig) { c.best = true } }

// SaveBest saves the model to path (see [Model.Save]) after every epoch that is the best so far, see [KeepBest]. It needs Validate.
func SaveBest(path string) FitOption { return func(c *fitConfig) { c.bestPath = path } }

// Checkpoint writes everything that training needs to go on (weights, the optimiser's memory, history) to path after
// every epoch, as safetensors.
func Checkpoint(path string) FitOption { return func(c *fitConfig) { c.checkpoint = path } }

// Resume goes on where the file of Checkpoint stopped, if it exists: with the same data, seed and options the result is
// the same as without a break. A checkpoint of another seed, optimiser or number of steps in an epoch is refused.
func Resume() FitOption { return func(c *fitConfig) { c.resume = true } }

// Fit trains the model on train. It shows a progress bar and returns the course of the run.
//
// When its context is done (Ctrl-C in a notebook) it stops after the running step and returns the history so far and an
// error that wraps context.Canceled; the model keeps what it has learned and may be used and trained on. A loss that is
// not a number stops it too, with an error that names step and layer.
func (m *Model) Fit(train Loader, opt Optimizer, opts ...FitOption) (h *History, err error) {
	h = &History{}
	defer recovered(&err)
	c := fitConfig{epochs: 1, seed: 1, loss: CrossEntropy(), schedule: ConstantLR(), ctx: display.Context(), accumulate: 1}
	for i, o := range opts {
		if o == nil {
			c.refuse("option %d is nil", i+1)
			continue
		}
		o(&c)
	}
	if err := c.check(train, opt); err != nil {
		return h, fmt.Errorf("fit: %w", err)
	}
	f := &fitting{model: m, fitConfig: c, train: train, opt: opt, history: h, params: trained(m.Params()), record: newRecord()}
	return h, f.run()
}

func (c *fitConfig) check(train Loader, opt Optimizer) error {
	switch {
	case train == nil || opt == nil || c.schedule == nil || c.loss == nil || c.ctx == nil:
		return errors.New("the training set, the optimiser, the schedule, the loss or the context is nil")
	case len(c.problems) > 0:
		return errors.New(strings.Join(c.problems, "; "))
	case c.epochs < 1:
		return fmt.Errorf("Epochs(%d), want 1 or more", c.epochs)
	case !(c.clip >= 0):
		return fmt.Errorf("ClipNorm(%g), want more than 0", c.clip)
	case train.Len() < 1:
		return errors.New("the training set has no batches")
	case c.validate == nil && (c.patience > 0 || c.best || c.bestPath != ""):
		return errors.New("EarlyStopping, KeepBest and SaveBest need Validate")
	case c.resume && c.checkpoint == "":
		return errors.New("Resume needs Checkpoint")
	case c.accumulate < 1:
		return fmt.Errorf("Accumulate(%d), want 1 or more", c.accumulate)
	case !(c.average >= 0 && c.average < 1):
		return fmt.Errorf("EMA(%g), want 0 or more and less than 1", c.average)
	}
	for _, path := range []string{c.checkpoint, c.bestPath} {
		if path == "" {
			continue
		}
		if err := writable(path); err != nil {
			return fmt.Errorf("%s can't be written: %w", path, err)
		}
	}
	return weightsEnding(c.bestPath)
}

func weightsEnding(path string) error {
	switch filepath.Ext(path) {
	case ".safetensors", ".npz", ".pt", ".pth":
		return nil
	}
	if path == "" {
		return nil
	}
	return fmt.Errorf("SaveBest(%q): the ending must be .safetensors, .npz or .pt", path)
}
