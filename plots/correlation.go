package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/groupnb/groupnb/nn"
)

// An Option adjusts a correlation matrix.
type Option func(*correlationConfig)

type correlationConfig struct {
	whitened bool
	groups   int
	top      float64
	title    string
}

// Whitened draws the covariance between the two layers after each has been decorrelated by ZCA, the form in which
// groups show as blocks (Ioannou et al. 2017). Default: plain correlation coefficients.
func Whitened() Option { return func(c *correlationConfig) { c.whitened = true } }

// GroupLines draws the boundaries of g equal groups and states the block score: the mean absolute value inside the
// diagonal blocks divided by that outside. Default: none.
func GroupLines(g int) Option { return func(c *correlationConfig) { c.groups = g } }

// Scale fixes the value of the brightest colour, so that several figures can be compared. Default: the largest value,
// rounded up.
func Scale(top float64) Option { return func(c *correlationConfig) { c.top = top } }

// Title replaces the names of the layers as title.
func Title(s string) Option { return func(c *correlationConfig) { c.title = s } }

// FilterCorrelation runs the model over d and draws how the channels of layer from (rows) vary together with those of
// layer to (columns): absolute values over all pixels of all images, channels in their natural order.
// It returns an error for an unknown layer and when the running cell is interrupted.
func FilterCorrelation(m *nn.Model, d nn.Dataset, from, to string, opts ...Option) (*Figure, error) {
	c, err := m.Correlate(d, from, to)
	if err != nil {
		return nil, fmt.Errorf("plots: filter correlation: %w", err)
	}
	return Correlation(c, opts...), nil
}

// Correlation draws statistics that were gathered before; see [FilterCorrelation].
// It panics if GroupLines does not divide the channels of both layers.
func Correlation(c *nn.Correlation, opts ...Option) *Figure {
	cfg := correlationConfig{title: c.From + " → " + c.To}
	for _, o := range opts {
		o(&cfg)
	}
	values, what := c.Cross(), "|correlation|"
	if cfg.whitened {
		values, what = c.Whitened(), "|whitened cross-covariance|"
	}
	return matrix(values, what, c.From, c.To, cfg)
}

func matrix(values *mat.Dense, what, from, to string, cfg correlationConfig) *Figure {
	rows, cols := values.Dims()
	h := &heatmap{
		title: cfg.title, x: "channel of " + to, y: "channel of " + from, barTitle: what,
		rows: rows, cols: cols, colours: magnitude, hi: cfg.top,
		at: func(r, c int) float64 { return math.Abs(values.At(r, c)) },
	}
	if h.hi <= 0 {
		h.hi = ceiling(values)
	}
	if cfg.groups > 0 {
		score := nn.BlockScore(values, cfg.groups)
		h.note = fmt.Sprintf("%d groups: inside / outside = %.2f", cfg.groups, score)
		for g := 1; g < cfg.groups; g++ {
			h.rowLines = append(h.rowLines, g*rows/cfg.groups)
			h.colLines = append(h.colLines, g*cols/cfg.groups)
		}
	}
	return h.figure()
}

// ceiling is the largest absolute value rounded up to a tenth, at least 0.1: a scale that reads well.
func ceiling(m *mat.Dense) float64 {
	top := 0.0
	rows, cols := m.Dims()
	for r := range rows {
		for c := range cols {
			if v := math.Abs(m.At(r, c)); v > top && !math.IsInf(v, 0) {
				top = v
			}
		}
	}
	return max(0.1, math.Ceil(top*10-1e-9)/10)
}
