package plots

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn"
	"github.com/groupnb/groupnb/repl/display"
)

func epochs(n int) []nn.EpochStats {
	var out []nn.EpochStats
	for i := 1; i <= n; i++ {
		f := 1 / float64(i)
		out = append(out, nn.EpochStats{Epoch: i, Loss: 2 * f, Accuracy: 0.9 - f/2, ValLoss: 2.2 * f, ValAcc: 0.88 - f/2})
	}
	return out
}

func decode(t *testing.T, b display.Bundle) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(b.Data[display.PNG]))
	if err != nil {
		t.Fatalf("the bundle's PNG: %v", err)
	}
	return m
}

func TestLossCurve(t *testing.T) {
	diverged := epochs(4)
	diverged[2].Loss, diverged[3].Loss, diverged[3].ValLoss = math.Inf(1), math.NaN(), math.NaN()
	unvalidated := epochs(3)
	for i := range unvalidated {
		unvalidated[i].ValLoss, unvalidated[i].ValAcc = math.NaN(), math.NaN()
	}
	classless := epochs(3)
	for i := range classless {
		classless[i].Accuracy, classless[i].ValAcc = math.NaN(), math.NaN()
	}
	for _, c := range []struct {
		name   string
		epochs []nn.EpochStats
		want   []string
		never  string
	}{
		{"says where each line starts and ends", epochs(5), []string{"loss training", "2 to 0.4", "accuracy validation", "38% to 78%"}, "NaN"},
		{"one epoch", epochs(1), []string{"2 to 2"}, "NaN"},
		{"without validation there is no such line", unvalidated, []string{"loss training"}, "validation"},
		{"without classes there is no accuracy", classless, []string{"loss validation"}, "accuracy"},
		{"a diverged run is drawn as far as it was finite", diverged, []string{"2 to 1"}, "Inf"},
		{"no epochs at all", nil, nil, "NaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := LossCurve(&nn.History{Epochs: c.epochs}).Display()
			for _, w := range c.want {
				if !strings.Contains(b.Text(), w) {
					t.Errorf("no %q in\n%s", w, b.Text())
				}
			}
			if strings.Contains(b.Text(), c.never) {
				t.Errorf("%q in\n%s", c.never, b.Text())
			}
			size := decode(t, b).Bounds().Size()
			css := b.Metadata[display.PNG]
			if size.X != 2*css["width"].(int) || size.Y != 2*css["height"].(int) {
				t.Errorf("%v pixels for %v CSS pixels, want two each way", size, css)
			}
		})
	}
}

func TestFiguresHaveNoBackground(t *testing.T) {
	m := decode(t, LossCurve(&nn.History{Epochs: epochs(3)}).Display())
	if _, _, _, alpha := m.At(0, 0).RGBA(); alpha != 0 {
		t.Errorf("the corner has alpha %#x, want a transparent page", alpha)
	}
}

type recorder struct {
	ids     []string
	updates []bool
}

func (r *recorder) Display(_ display.Bundle, id string, update bool) {
	r.ids, r.updates = append(r.ids, id), append(r.updates, update)
}
func (*recorder) Clear(bool)               {}
func (*recorder) Context() context.Context { return context.Background() }

func TestLiveCurveGrowsInPlace(t *testing.T) {
	r := &recorder{}
	defer display.SetHost(r)()
	one, other := LiveCurve("one"), LiveCurve("other")
	for _, e := range epochs(3) {
		one.Epoch(e)
	}
	other.Epoch(epochs(1)[0])
	if len(r.ids) != 4 || r.updates[0] || !r.updates[1] || !r.updates[2] || r.updates[3] {
		t.Fatalf("updates %v, want shown, updated, updated, shown", r.updates)
	}
	if r.ids[0] != r.ids[2] || r.ids[0] == r.ids[3] {
		t.Errorf("ids %v, want one for each curve", r.ids)
	}
}
