package plots

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"gonum.org/v1/plot/plotter"

	"github.com/groupnb/groupnb/nn"
	"github.com/groupnb/groupnb/repl/display"
)

// LossCurve draws loss and accuracy of a training run against epochs, with validation where there was one and accuracy where examples
// have classes.
func LossCurve(h *nn.History) *Figure { return training("", h.Epochs) }

// Live is a training curve that grows in place while a cell runs. Its methods may be called from any goroutine.
type Live struct {
	mu     sync.Mutex
	title  string
	id     string
	epochs []nn.EpochStats
}

var lives atomic.Int64

// LiveCurve makes an empty live curve; give its Epoch method to [nn.OnEpoch]. It is shown with the first epoch.
func LiveCurve(title string) *Live {
	return &Live{title: title, id: fmt.Sprintf("curve-%d", lives.Add(1))}
}

// Epoch adds an epoch and redraws the curve.
func (l *Live) Epoch(e nn.EpochStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epochs = append(l.epochs, e)
	f := training(l.title, l.epochs)
	if len(l.epochs) == 1 {
		display.ShowAs(l.id, f)
	} else {
		display.Update(l.id, f)
	}
}

// Figure returns the curve as it is now.
func (l *Live) Figure() *Figure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return training(l.title, l.epochs)
}

// Display implements display.Displayer.
func (l *Live) Display() display.Bundle { return l.Figure().Display() }

func training(title string, epochs []nn.EpochStats) *Figure {
	along := func(name string, y func(nn.EpochStats) float64) line {
		l := line{name: name, points: make(plotter.XYs, len(epochs))}
		for i, e := range epochs {
			l.points[i].X, l.points[i].Y = float64(e.Epoch), y(e)
		}
		return l
	}
	loss := panel{title: title, x: "epoch", y: "loss", lines: []line{
		along("training", func(e nn.EpochStats) float64 { return e.Loss }),
		along("validation", func(e nn.EpochStats) float64 { return e.ValLoss }),
	}}
	accuracy := panel{x: "epoch", y: "accuracy", percent: true, legendLow: true, lines: []line{
		along("training", func(e nn.EpochStats) float64 { return e.Accuracy }),
		along("validation", func(e nn.EpochStats) float64 { return e.ValAcc }),
	}}
	if len(epochs) > 0 && !slices.ContainsFunc(epochs, func(e nn.EpochStats) bool { return e.Accuracy >= 0 || e.ValAcc >= 0 }) {
		return curves([]panel{loss})
	}
	return curves([]panel{loss, accuracy})
}
