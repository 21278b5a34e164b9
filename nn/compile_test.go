package nn

import (
	"fmt"
	"slices"
	"testing"

	"github.com/groupnb/groupnb/kernels"
)

// plainOnly runs f without the blocked layout.
func plainOnly(f func()) {
	old := fastLayout
	fastLayout = func() bool { return false }
	defer func() { fastLayout = old }()
	f()
}

func blockedOnly(f func()) {
	old := fastLayout
	fastLayout = func() bool { return true }
	defer func() { fastLayout = old }()
	f()
}

// wide is a network whose convolutions run blocked, with every operation that stands between.
func wide() *Model {
	return Sequential(
		Conv2D(1, 16, 3, Padding(1)), BatchNorm2D(16), ReLU(), MaxPool2D(2),
		ResNeXtBlock(16, 32, Cardinality(4), BaseWidth(4)),
		ResNeXtBlock(32, 32, Cardinality(8), BaseWidth(4), SE(4)),
		ResNeXtBlock(32, 48, Cardinality(4), BaseWidth(6), Down()),
		Conv2D(48, 20, 1), ReLU(), ChannelShuffle(2), GlobalAvgPool2D(), Linear(20, 3))
}

func TestLayoutsAndFusionComputeTheSame(t *testing.T) {
	x, dy := randomTensor(1, 3, 1, 12, 12), randomTensor(2, 3, 3)
	type result struct{ y, dx, w []float32 }
	run := func() result {
		m := wide()
		y := m.Forward(x, true)
		dx := m.Backward(dy)
		r := result{y: y.Data, dx: dx.Data}
		for _, p := range m.Params() {
			r.w = append(r.w, p.Grad.Data...)
		}
		r.y = append(r.y, m.Forward(x, false).Data...)
		return r
	}
	var plain, blocked result
	plainOnly(func() { plain = run() })
	blockedOnly(func() { blocked = run() })
	for name, pair := range map[string][2][]float32{
		"output": {plain.y, blocked.y}, "gradient": {plain.dx, blocked.dx}, "weights' gradients": {plain.w, blocked.w},
	} {
		want := make([]float64, len(pair[0]))
		for i, v := range pair[0] {
			want[i] = float64(v)
		}
		near(t, name, pair[1], want, 100*tolerance(want))
	}
	if t.Failed() {
		t.Logf("instruction set %s", kernels.Level())
	}
}

func TestBlockedStacksConvertOnlyAtTheirEnds(t *testing.T) {
	m := Sequential(
		Conv2D(3, 16, 3, Padding(1)), BatchNorm2D(16), ReLU(),
		ResNeXtBlock(16, 32, Cardinality(4), BaseWidth(4)), ResNeXtBlock(32, 32, Cardinality(4), BaseWidth(4)),
		GlobalAvgPool2D(), Linear(32, 3))
	blockedOnly(func() {
		p := compile(m.graph, []int{2, 3, 8, 8}, []int{m.output})
		var names []string
		for _, n := range p.nodes {
			names = append(names, n.op.kind())
		}
		want := []string{
			"Conv2D", "BatchNorm2D",
			"Conv2D", "BatchNorm2D", "Conv2D", "BatchNorm2D", "Conv2D", "Conv2D", "BatchNorm2D", "BatchNorm2D",
			"Conv2D", "BatchNorm2D", "Conv2D", "BatchNorm2D", "Conv2D", "BatchNorm2D",
			"GlobalAvgPool2D", "Linear",
		}
		if !slices.Equal(names, want) {
			t.Errorf("got  %v\nwant %v", names, want)
		}
	})
}

func TestSqueezeExciteStaysBlocked(t *testing.T) {
	m := Sequential(ResNeXtBlock(32, 32, Cardinality(4), BaseWidth(8), SE(4)))
	blockedOnly(func() {
		p := compile(m.graph, []int{2, 32, 8, 8}, []int{m.output})
		conversions := 0
		for _, n := range p.nodes {
			if n.op.kind() == "Layout" {
				conversions++
			}
		}
		if conversions != 2 {
			t.Errorf("%d conversions, want one at each end", conversions)
		}
	})
}

func TestCapturedLayersAreNotFusedAway(t *testing.T) {
	m := wide()
	layers := []string{"conv1", "bn1", "relu1", "block1.conv3", "block1.bn3", "block1.add", "block1.relu3", "block1"}
	var plain, blocked map[string]*Tensor
	var err error
	plainOnly(func() { plain, err = m.Capture(newBars(5), layers...) })
	if err != nil {
		t.Fatal(err)
	}
	m = wide()
	blockedOnly(func() { blocked, err = m.Capture(newBars(5), layers...) })
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range layers {
		sameNumbers(t, name, blocked[name], plain[name], 1e-4)
	}
	for i, v := range plain["block1.relu3"].Data {
		if want := max(plain["block1.add"].Data[i], 0); v != want {
			t.Fatalf("relu3[%d] = %g, want %g", i, v, want)
		}
	}
}

// Every gradient must come out right however values are shared between operations, so graphs are made at random and
// compared with a run in which no memory is shared.
func TestSharedMemoryNeverMixesTensors(t *testing.T) {
	for seed := range uint64(60) {
		m := Sequential(randomGraph{seed})
		x := randomTensor(seed, 2, 16, 4, 4)
		dy := randomTensor(seed+1, m.Forward(x, true).Shape...)
		m.Forward(x, true)
		dx := m.Backward(dy)
		want, wantDx := withoutSharing(m, x, dy)
		if !slices.Equal(m.Forward(x, true).Data, want.Data) {
			t.Errorf("seed %d: the output differs", seed)
		}
		if !slices.Equal(dx.Data, wantDx.Data) {
			t.Errorf("seed %d: the gradient differs", seed)
		}
	}
}

// randomGraph joins operations at random.
type randomGraph struct{ seed uint64 }

func (r randomGraph) Graph(g *Graph, x Value) Value {
	rnd := stream(r.seed, "graph")
	values := []Value{x}
	pick := func() Value { return values[rnd.IntN(len(values))] }
	for i := range 3 + rnd.IntN(8) {
		name := fmt.Sprint("n", i)
		var y Value
		switch rnd.IntN(7) {
		case 0:
			y = g.Layer(name, Conv2D(16, 16, 1, Groups(2)), pick())
		case 1:
			y = g.Layer(name, ReLU(), pick())
		case 2:
			y = g.Layer(name, BatchNorm2D(16), pick())
		case 3:
			y = g.Sum(name, pick(), pick())
		case 4:
			y = g.Mul(name, pick(), pick())
		case 5:
			y = g.Layer(name, Tanh(), pick())
		default:
			y = g.Sum(name, pick(), pick(), pick())
		}
		values = append(values, y)
	}
	return g.Sum("last", values[1:]...)
}

// withoutSharing computes what the model does with a tensor of its own for every value and gradient.
func withoutSharing(m *Model, x, dy *Tensor) (y, dx *Tensor) {
	prog := compile(m.graph, x.Shape, []int{m.output})
	values, calls := make([]*Tensor, len(prog.shapes)), make([]*call, len(prog.nodes))
	fresh := func(v int) *Tensor { return &Tensor{Data: make([]float32, prog.room(v)), Shape: prog.shapes[v]} }
	grads := make([]*Tensor, len(prog.shapes))
	values[0] = x
	for i, n := range prog.nodes {
		c := &call{train: true, y: fresh(n.out), blocked: prog.form[n.in[0]] == blockedFormat}
		for _, v := range n.in {
			c.x = append(c.x, values[v])
		}
		n.op.forward(c)
		values[n.out], calls[i] = c.y, c
	}
	out := prog.kept[m.output]
	grads[out] = dy
	for i := len(prog.nodes) - 1; i >= 0; i-- {
		n, c := prog.nodes[i], calls[i]
		if c.dy = grads[n.out]; c.dy == nil {
			continue
		}
		for _, v := range n.in {
			c.dx = append(c.dx, fresh(v))
		}
		if n.op.traits().passGrad {
			for _, d := range c.dx {
				copy(d.Data, c.dy.Data)
			}
		} else {
			n.op.backward(c)
		}
		for k, v := range n.in {
			if grads[v] == nil {
				grads[v] = c.dx[k]
				continue
			}
			total := fresh(v)
			kernels.Add(total.Data, c.dx[k].Data, grads[v].Data)
			grads[v] = total
		}
	}
	return values[out], grads[0]
}

func TestRecomputingChangesMemoryAndNothingElse(t *testing.T) {
	net := func() *Model {
		return Sequential(
			Conv2D(1, 16, 3, Padding(1)), BatchNorm2D(16), ReLU(),
			ResNeXtBlock(16, 32, Cardinality(4), BaseWidth(4)), ResNeXtBlock(32, 32, Cardinality(4), BaseWidth(8), SE(4)),
			Residual(Conv2D(32, 32, 3, Padding(1)), Dropout(0.2), Tanh()), BasicBlock(32, 48, Down()), InvertedResidual(48, 48, 2, 1),
			ResNeXtBlock(48, 48, Cardinality(2), BaseWidth(8), PreActivation()), ShuffleUnit(48, 24, 4), ShuffleSplitUnit(48, 48, 1),
			ConvNeXtBlock(48, 0.1), mbConv{in: 48, hidden: 96, out: 48, k: 3, stride: 1, squeeze: 8, act: SiLU, gateAct: ReLU, gate: Sigmoid}.layer(),
			GlobalAvgPool2D(), Linear(48, 3))
	}
	run := func(m *Model) []float32 {
		if _, err := m.Fit(batches(newBars(60), 20), SGD(0.05, Momentum(0.9)), Epochs(2), Quiet()); err != nil {
			t.Fatal(err)
		}
		return weights(m)
	}
	plain, again := net(), net().Recompute(true)
	if !slices.Equal(run(plain), run(again)) {
		t.Error("recomputing gives other weights")
	}
	if a, b := len(plain.arena.memory), len(again.arena.memory); 10*b > 7*a {
		t.Errorf("memory for %d numbers, %d without recomputing", b, a)
	}
	for seed := range uint64(30) {
		g := Residual(randomGraph{seed})
		x := randomTensor(seed, 2, 16, 4, 4)
		m := Sequential(g)
		dy := randomTensor(seed+1, m.Forward(x, true).Shape...)
		m.Forward(x, true)
		want := m.Backward(dy)
		m.Recompute(true).Forward(x, true)
		if !slices.Equal(m.Backward(dy).Data, want.Data) {
			t.Errorf("seed %d: the gradient differs", seed)
		}
	}
}

// The gradient of a residual block's input is summed by its first convolution, where kernels can do that, and not in a pass of its own.
func TestGradientOfAShortcutIsAddedTo(t *testing.T) {
	if !fastLayout() {
		t.Skip("needs assembly")
	}
	m := Sequential(Conv2D(16, 32, 3, Padding(1)), ResNeXtBlock(32, 32, Cardinality(4), BaseWidth(4)), GlobalAvgPool2D())
	p := m.plan([]int{2, 16, 6, 6}, true, false)
	added := 0
	for _, s := range p.back {
		if s.call.add {
			added++
		}
		if len(s.sums) > 0 {
			t.Errorf("%s sums gradients in a pass of its own", s.node.name)
		}
	}
	if added != 1 {
		t.Errorf("%d operations add to a gradient, want 1", added)
	}
}
