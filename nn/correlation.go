package nn

import (
	"math"

	"github.com/groupnb/groupnb/kernels"
	"gonum.org/v1/gonum/mat"
)

// A Correlation holds the means and covariances of the channels of two layers, gathered over every pixel of every image.
// It is what the filter-correlation pictures of grouped networks are made from (Ioannou et al. 2017, Deep Roots).
//
// An untrained grouped network already shows its groups, so a claim about training needs two controls: the same statistics
// before Fit, and those of a network with one group. [Model.GroupScores] gives all three.
//
// A channel that never changes (a dead ReLU) has no correlation: its rows and columns are 0. Those of a channel with a number that is
// NaN or infinite are NaN. The matrices panic with a ConfigError if fewer than two pixels were seen.
type Correlation struct {
	From, To string // the layers' names
	Samples  int    // pixels seen

	a, b     int // channels of From and To
	mean     []float64
	scatter  []float64 // (a+b) x (a+b) sums of products of deviations
	resample Tensor
}

// Correlate runs the model over d and gathers the statistics of two layers, for example "block2.conv1" and
// "block2.conv2". If their maps differ in size the smaller is enlarged by repeating pixels. Memory does not grow with d.
func (m *Model) Correlate(d Dataset, from, to string) (*Correlation, error) {
	c := &Correlation{From: from, To: to}
	if err := m.watch(d, []string{from, to}, func(_ *Batch, outs []*Tensor) { c.Add(outs[0], outs[1]) }); err != nil {
		return nil, err
	}
	return c, nil
}

// CorrelationOf gathers the statistics of two captured activations (N, C, ...) of the same images.
func CorrelationOf(a, b *Tensor) *Correlation {
	c := &Correlation{}
	c.Add(a, b)
	return c
}

// Add takes in the activations (N, C, ...) of another batch. It panics with a ShapeError if the channels differ from
// those seen before or the tensors don't belong together.
func (c *Correlation) Add(a, b *Tensor) {
	a, b = c.match(a, b)
	if c.mean == nil {
		c.a, c.b = a.Shape[1], b.Shape[1]
		c.mean = make([]float64, c.a+c.b)
		c.scatter = make([]float64, (c.a+c.b)*(c.a+c.b))
	}
	if a.Shape[1] != c.a || b.Shape[1] != c.b {
		panic(ShapeError{Op: "Correlation.Add", Want: "the channels seen before", Got: []int{a.Shape[1], b.Shape[1]}})
	}
	for n := range a.Shape[0] {
		c.merge(imageRows(a, n), imageRows(b, n), size(a.Shape[2:]))
	}
}

func imageRows(t *Tensor, n int) []float32 {
	row := size(t.Shape[1:])
	return t.Data[n*row:][:row]
}

// merge joins the statistics of one image's p pixels to those so far (Chan et al. 1979).
func (c *Correlation) merge(a, b []float32, p int) {
	k := c.a + c.b
	rows := make([][]float32, 0, k)
	for i := range c.a {
		rows = append(rows, a[i*p:][:p])
	}
	for i := range c.b {
		rows = append(rows, b[i*p:][:p])
	}
	mean := make([]float64, k)
	centred := make([]float64, k*p)
	for i, r := range rows {
		mean[i] = centre(centred[i*p:][:p], r)
	}
	weight := float64(c.Samples) * float64(p) / float64(c.Samples+p)
	row := func(i int) []float64 { return centred[i%k*p:][:p] }
	kernels.Parallel(k, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			for h := 0; h <= k/2; h += 4 { // row i with the k/2 rows behind it: each pair once, evenly over the rows
				sums := dots(row(i), row(i+h), row(i+h+1), row(i+h+2), row(i+h+3))
				for d, s := range sums {
					j := (i + h + d) % k
					if h+d > k/2 || 2*(h+d) == k && i < j {
						continue
					}
					s += (mean[i] - c.mean[i]) * (mean[j] - c.mean[j]) * weight
					c.scatter[i*k+j] += s
					if i != j {
						c.scatter[j*k+i] += s
					}
				}
			}
		}
	})
	for i := range c.mean {
		c.mean[i] += (mean[i] - c.mean[i]) * float64(p) / float64(c.Samples+p)
	}
	c.Samples += p
}

// centre writes x less its mean to dst and returns the mean.
func centre(dst []float64, x []float32) float64 {
	var mean float64
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for i, v := range x {
		dst[i] = float64(v) - mean
	}
	return mean
}

// dots are the products of a with four others of its length.
func dots(a, b0, b1, b2, b3 []float64) [4]float64 {
	b0, b1, b2, b3 = b0[:len(a)], b1[:len(a)], b2[:len(a)], b3[:len(a)]
	var s0, s1, s2, s3 float64
	for i, v := range a {
		s0 += v * b0[i]
		s1 += v * b1[i]
		s2 += v * b2[i]
		s3 += v * b3[i]
	}
	return [4]float64{s0, s1, s2, s3}
}

// cov is the covariance, divisor samples-1, of channels i0.. and j0...
func (c *Correlation) cov(i0, rows, j0, cols int) *mat.Dense {
	if c.Samples < 2 {
		refuse("Correlation", "%d pixels were seen, want 2 or more", c.Samples)
	}
	m := mat.NewDense(rows, cols, nil)
	k := c.a + c.b
	for i := range rows {
		for j := range cols {
			m.Set(i, j, c.scatter[(i0+i)*k+j0+j]/float64(c.Samples-1))
		}
	}
	return m
}

func (c *Correlation) corr(i0, rows, j0, cols int) *mat.Dense {
	m := c.cov(i0, rows, j0, cols)
	k := c.a + c.b
	deviation := func(i int) float64 { return math.Sqrt(c.scatter[i*k+i] / float64(c.Samples-1)) }
	m.Apply(func(i, j int, v float64) float64 {
		d := deviation(i0+i) * deviation(j0+j)
		if d == 0 {
			return 0
		}
		return v / d
	}, m)
	return m
}

// IntraFrom is the correlation coefficient of every two channels of From.
func (c *Correlation) IntraFrom() *mat.Dense { return c.corr(0, c.a, 0, c.a) }

// IntraTo is the correlation coefficient of every two channels of To.
func (c *Correlation) IntraTo() *mat.Dense { return c.corr(c.a, c.b, c.a, c.b) }

// Cross is the correlation coefficient of every channel of From (rows) with every channel of To (columns).
func (c *Correlation) Cross() *mat.Dense { return c.corr(0, c.a, c.a, c.b) }

// Cov is the covariance of every channel of From (rows) with every channel of To (columns).
func (c *Correlation) Cov() *mat.Dense { return c.cov(0, c.a, c.a, c.b) }

// Whitened is the covariance of From and To after each has been decorrelated by ZCA: what the layers share beyond the
// correlations inside each. Directions without variance (below 1e-10 of the largest) are left out.
// This is the matrix in which groups show as blocks on the diagonal (Ioannou et al. 2017).
func (c *Correlation) Whitened() *mat.Dense {
	var half, w mat.Dense
	half.Mul(ZCA(c.cov(0, c.a, 0, c.a)), c.Cov())
	w.Mul(&half, ZCA(c.cov(c.a, c.b, c.a, c.b)))
	return &w
}

// whitenTolerance is the share of the largest variance below which a direction counts as constant.
const whitenTolerance = 1e-10

// ZCA is the symmetric inverse square root of a covariance matrix: multiplying by it makes channels uncorrelated with
// variance 1 while changing them least. Directions without variance become 0. It panics with a ConfigError if the matrix is not square
// or holds NaN or Inf.
func ZCA(cov mat.Matrix) *mat.Dense {
	n, cols := cov.Dims()
	if n != cols {
		refuse("ZCA", "a %dx%d matrix, want a square one", n, cols)
	}
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (cov.At(i, j)+cov.At(j, i))/2)
		}
	}
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		refuse("ZCA", "the %dx%d matrix has no eigenvalues; it holds NaN or Inf", n, n)
	}
	values := e.Values(nil)
	var v, w mat.Dense
	e.VectorsTo(&v)
	w.CloneFrom(&v)
	w.Apply(func(_, j int, x float64) float64 {
		if values[j] <= whitenTolerance*values[n-1] || values[j] <= 0 {
			return 0
		}
		return x / math.Sqrt(values[j])
	}, &w)
	var z mat.Dense
	z.Mul(&w, v.T())
	return &z
}

// IntraCorr is the correlation coefficient of every two channels of x (N, C, ...) over all pixels. (C, C)
func IntraCorr(x *Tensor) *mat.Dense {
	x.check("IntraCorr")
	if len(x.Shape) < 2 {
		panic(ShapeError{Op: "IntraCorr", Want: "(N, C, ...)", Got: x.Shape})
	}
	none := &Tensor{Shape: append([]int{x.Shape[0], 0}, x.Shape[2:]...)}
	return CorrelationOf(x, none).IntraFrom()
}

// CrossCorr is the correlation coefficient of each channel of a (rows) with each of b (columns) over all pixels.
func CrossCorr(a, b *Tensor) *mat.Dense { return CorrelationOf(a, b).Cross() }

// CrossCov is the covariance of each channel of a (rows) with each of b (columns) over all pixels.
func CrossCov(a, b *Tensor) *mat.Dense { return CorrelationOf(a, b).Cov() }

// WhitenedCrossCov is [Correlation.Whitened] of two activations.
func WhitenedCrossCov(a, b *Tensor) *mat.Dense { return CorrelationOf(a, b).Whitened() }
