package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// constantChannel is the one in activation A of the vectors: NumPy gives NaN for its correlations, we give 0.
const constantChannel = 3

func checkMatrix(v *vectors, name string, got *mat.Dense, tol float64) {
	v.t.Helper()
	want := v.float64s(name)
	_, cols := got.Dims()
	data := got.RawMatrix().Data
	if len(data) != len(want) {
		v.t.Fatalf("%s: %d numbers, want %d", name, len(data), len(want))
	}
	for i, w := range want {
		if math.IsNaN(w) {
			w = 0
		}
		if d := math.Abs(data[i] - w); !(d <= tol) {
			v.t.Errorf("%s[%d][%d] = %g, want %g", name, i/cols, i%cols, data[i], w)
		}
	}
}

func TestCorrelationsAgainstNumPy(t *testing.T) {
	v := readVectors(t, "testdata/corr/activations.safetensors")
	a, b := v.tensor("A"), v.tensor("B")
	const tol = 1e-12
	checkMatrix(v, "intra_corrcoef_A", IntraCorr(a), tol)
	checkMatrix(v, "intra_corrcoef_B", IntraCorr(b), tol)
	checkMatrix(v, "cross_corrcoef_AB", CrossCorr(a, b), tol)
	checkMatrix(v, "cross_cov_AB", CrossCov(a, b), tol)
	checkMatrix(v, "cross_cov_whitened_AB", WhitenedCrossCov(a, b), 1e-9)
	c := CorrelationOf(a, b)
	checkMatrix(v, "cov_A", c.cov(0, 8, 0, 8), tol)
	checkMatrix(v, "zca_W_A", ZCA(c.cov(0, 8, 0, 8)), 1e-9)
	checkMatrix(v, "zca_W_B", ZCA(c.cov(8, 12, 8, 12)), 1e-9)
	checkMatrix(v, "filter_corrcoef", FilterCorr(v.tensor("filters")), tol)
	checkMatrix(v, "filter_cosine", FilterCosine(v.tensor("filters")), tol)
}

func TestSmallerMapsAreEnlarged(t *testing.T) {
	v := readVectors(t, "testdata/corr/activations.safetensors")
	a, small := v.tensor("A"), v.tensor("B_strided")
	var c Correlation
	sameNumbers(t, "enlarged", c.enlarge(small, []int{6, 6}), v.tensor("B_nearest_up"), 0)
	checkMatrix(v, "cross_cov_whitened_A_Bup", WhitenedCrossCov(a, small), 1e-9)
	all := CrossCorr(a, small)
	varying := mat.NewDense(7, 12, nil)
	for i, row := range slices.DeleteFunc([]int{0, 1, 2, 3, 4, 5, 6, 7}, func(i int) bool { return i == constantChannel }) {
		varying.SetRow(i, all.RawRowView(row))
	}
	checkMatrix(v, "cross_corrcoef_A_Bup", varying, 1e-12)
}

func TestChunksGiveTheSameStatistics(t *testing.T) {
	a, b := randomTensor(1, 9, 4, 5, 5), randomTensor(2, 9, 6, 5, 5)
	for i := range a.Data { // far from 0, where sums of squares would lose all digits
		a.Data[i] = a.Data[i]/64 + 1000
	}
	whole := CorrelationOf(a, b)
	var parts Correlation
	for n := range 9 {
		parts.Add(a.Slice(n, n+1), b.Slice(n, n+1))
	}
	if !mat.EqualApprox(whole.Whitened(), parts.Whitened(), 1e-9) {
		t.Error("chunks of one image change the result")
	}
}

func TestADeadChannelHasNoCorrelation(t *testing.T) {
	a, b := randomTensor(1, 4, 3, 4, 4), randomTensor(2, 4, 3, 4, 4)
	for n := range 4 {
		clear(a.Data[(n*3+1)*16:][:16])
	}
	c := CorrelationOf(a, b)
	for _, m := range []*mat.Dense{c.Cross(), c.Cov(), c.Whitened(), c.IntraFrom()} {
		for j := range 3 {
			if m.At(1, j) != 0 && math.Abs(m.At(1, j)) > 1e-12 {
				t.Errorf("row of the dead channel: %v", m.RawRowView(1))
			}
		}
	}
}

func TestBlockScore(t *testing.T) {
	m := mat.NewDense(4, 4, []float64{4, -4, 1, 1, 4, 4, -1, 1, 2, 2, 8, 8, 2, 2, 8, -8})
	for _, c := range []struct {
		groups int
		want   float64
	}{{1, 1}, {2, 4}} {
		if got := BlockScore(m, c.groups); got != c.want {
			t.Errorf("%d groups: %g, want %g", c.groups, got, c.want)
		}
	}
	if got := refusal(func() { BlockScore(m, 3) }); got != "BlockScore: a 4x4 matrix is not divisible into 3 groups" {
		t.Error(got)
	}
}

func TestModelCorrelateSeesGroups(t *testing.T) {
	score := func(groups int) float64 {
		m := Sequential(Conv2D(1, 16, 3, Padding(1)), Conv2D(16, 16, 3, Padding(1), Groups(groups)))
		c, err := m.Correlate(newBars(60), "conv1", "conv2")
		if err != nil {
			t.Fatal(err)
		}
		return BlockScore(c.Whitened(), 4)
	}
	if grouped, dense := score(4), score(1); grouped < dense+0.08 {
		t.Errorf("block score %.2f with 4 groups and %.2f with 1", grouped, dense)
	}
}

func TestGroupScoresComeWithTheirControls(t *testing.T) {
	net := func(groups int) *Model {
		return Sequential(Conv2D(1, 16, 3, Padding(1)), ReLU(), Conv2D(16, 16, 3, Padding(1), Groups(groups)), GlobalAvgPool2D(), Linear(16, 3))
	}
	grouped, ungrouped := net(4), net(1)
	initial, err := grouped.GroupScores(newBars(40), "conv1", "conv2", 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*Model{grouped, ungrouped} {
		if _, err := m.Fit(batches(newBars(60), 20), SGD(0.1), Epochs(3), Quiet()); err != nil {
			t.Fatal(err)
		}
	}
	before := weights(grouped)
	s, err := grouped.GroupScores(newBars(40), "conv1", "conv2", 4, ungrouped)
	if err != nil {
		t.Fatal(err)
	}
	if s.Untrained != initial.Trained || s.Trained == s.Untrained || s.Ungrouped > s.Trained {
		t.Errorf("%v; at the start %v", s, initial)
	}
	if !slices.Equal(before, weights(grouped)) {
		t.Error("the weights have changed")
	}
	if got := initial.String(); !strings.HasPrefix(got, "block score of conv1 and conv2 in 4 groups: ") || strings.Contains(got, "without groups") {
		t.Error(got)
	}
	if _, err := grouped.GroupScores(newBars(4), "conv1", "conv9", 4, nil); err == nil || !strings.Contains(err.Error(), `no layer "conv9"`) {
		t.Errorf("unknown layer: %v", err)
	}
	if _, err := grouped.GroupScores(newBars(4), "conv1", "conv2", 5, nil); err == nil || !strings.Contains(err.Error(), "16x16 matrix is not divisible into 5 groups") {
		t.Errorf("five groups: %v", err)
	}
}

func TestCaptureFindsLayersByName(t *testing.T) {
	m := smallNet()
	got, err := m.Capture(newBars(300), "conv1", "block1.conv2", "block1", "fc1")
	if err != nil {
		t.Fatal(err)
	}
	for name, shape := range map[string][]int{
		"conv1": {300, 8, 8, 8}, "block1.conv2": {300, 8, 4, 4}, "block1": {300, 16, 4, 4}, "fc1": {300, 3},
	} {
		if !slices.Equal(got[name].Shape, shape) {
			t.Errorf("%s has shape %v, want %v", name, got[name].Shape, shape)
		}
	}
	var b Batch
	newBars(300).Read(&b, []int{299})
	sameNumbers(t, "last image", got["fc1"].Slice(299, 300), m.Forward(b.X, false), 1e-5)
	sameNumbers(t, "conv1", got["conv1"].Slice(299, 300), Apply(m.layers[0], b.X), 1e-5)
	if _, err := m.Capture(newBars(1), "conv7"); err == nil || err.Error()[:32] != `the model has no layer "conv7"; ` {
		t.Errorf("error %v", err)
	}
}

// A channel with a number that is none does not pass for a dead one.
func TestCorrelationsOfNaNAreNaN(t *testing.T) {
	x := randomTensor(1, 2, 3, 4, 4)
	x.Data[0] = float32(math.NaN())
	c := IntraCorr(x)
	for i := range 3 {
		if !math.IsNaN(c.At(0, i)) || i > 0 && math.IsNaN(c.At(1, i)) {
			t.Errorf("channel %d: %g and %g", i, c.At(0, i), c.At(1, i))
		}
	}
}
