package display

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"
)

type page struct{}

func (page) HTML() string   { return "<b>7</b>" }
func (page) String() string { return "seven" }

type chooser struct{}

func (chooser) Display() Bundle { return Bundle{Data: map[string][]byte{SVG: []byte("<svg/>")}} }
func (chooser) String() string  { return "a drawing" }

type grid struct{}

func (grid) Dims() (int, int)    { return 2, 3 }
func (grid) At(i, j int) float64 { return float64(10*i + j) }

type broken struct{ page string }

func (b *broken) HTML() string { return b.page }

type celsius float64

func TestOf(t *testing.T) {
	Register(func(v any) (Bundle, bool) {
		c, ok := v.(celsius)
		text := fmt.Sprintf("%v degrees", float64(c))
		return NewText(text).With(Markdown, []byte("**"+text+"**")), ok
	})
	for _, c := range []struct {
		name  string
		value any
		text  string
		types []string
	}{
		{"plain value", 42, "42", []string{Text}},
		{"nil", nil, "<nil>", []string{Text}},
		{"HTML method adds text/html", page{}, "seven", []string{HTML, Text}},
		{"a Displayer still gets text/plain", chooser{}, "a drawing", []string{SVG, Text}},
		{"an image becomes a PNG", image.NewGray(image.Rect(0, 0, 3, 2)), "*image.Gray 3x2", []string{PNG, Text}},
		{"a matrix becomes a table", grid{}, "2x3\n   0   1   2\n  10  11  12", []string{Text}},
		{"a nil pointer has no methods called", (*broken)(nil), "<nil>", []string{Text}},
		{"a registered type", celsius(20), "20 degrees", []string{Markdown, Text}},
		{"a bundle stays as it is", NewText("x"), "x", []string{Text}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Of(c.value)
			if b.Text() != c.text || !slices.Equal(b.Types(), c.types) {
				t.Errorf("got %q with %v, want %q with %v", b.Text(), b.Types(), c.text, c.types)
			}
		})
	}
}

type recorder struct {
	texts   []string
	ids     []string
	updates []bool
	cleared int
	ctx     context.Context
}

func (r *recorder) Display(b Bundle, id string, update bool) {
	r.texts, r.ids, r.updates = append(r.texts, b.Text()), append(r.ids, id), append(r.updates, update)
}
func (r *recorder) Clear(bool)               { r.cleared++ }
func (r *recorder) Context() context.Context { return r.ctx }

func TestHostSeesEverythingInOrder(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := &recorder{ctx: ctx}
	restore := SetHost(r)
	Show(1, "two")
	ShowAs("a", 3)
	Update("a", 4)
	Clear(true)
	if Context() != ctx {
		t.Error("Context is not the host's")
	}
	restore()
	if Context() != context.Background() {
		t.Error("the former host is not back")
	}
	if want := []string{"1", "two", "3", "4"}; !slices.Equal(r.texts, want) {
		t.Errorf("shown %q, want %q", r.texts, want)
	}
	if want := []string{"", "", "a", "a"}; !slices.Equal(r.ids, want) {
		t.Errorf("ids %q, want %q", r.ids, want)
	}
	if want := []bool{false, false, false, true}; !slices.Equal(r.updates, want) || r.cleared != 1 {
		t.Errorf("updates %v, cleared %d", r.updates, r.cleared)
	}
}

func TestProgressIsDrawnSeldomAndEndsComplete(t *testing.T) {
	r := &recorder{ctx: context.Background()}
	defer SetHost(r)()
	b := Progress("epoch 1", 1000)
	for i := range 1000 {
		b.Set(i+1, "loss 0.5")
	}
	b.Done()
	last := r.texts[len(r.texts)-1]
	if !strings.Contains(last, "100%") || !strings.Contains(last, "1000/1000") || !strings.Contains(last, "loss 0.5") {
		t.Errorf("last picture %q", last)
	}
	if limit := 3 + int(time.Since(b.start)/interval); len(r.texts) > limit {
		t.Errorf("%d pictures of 1000 steps, want at most %d", len(r.texts), limit)
	}
	if r.updates[0] || !r.updates[len(r.updates)-1] {
		t.Errorf("the first picture must be shown and later ones update it: %v", r.updates)
	}
}
