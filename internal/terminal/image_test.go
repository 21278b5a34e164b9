package terminal

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/repl/display"
)

// flag is a picture of four quarters: red, green, blue and nothing.
func flag(t *testing.T, side int) display.Bundle {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			c := [2][2]color.NRGBA{{{255, 0, 0, 255}, {0, 255, 0, 255}}, {{0, 0, 255, 255}, {}}}[2*y/side][2*x/side]
			m.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return display.NewText("flag").With(display.PNG, b.Bytes())
}

func drawn(t *testing.T, b display.Bundle, how Images, cols, rows int) string {
	t.Helper()
	p, ok := pictureOf(b, cols, rows)
	if !ok {
		t.Fatal("no picture in the bundle")
	}
	var out strings.Builder
	if err := p.draw(&out, how); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestBlocks(t *testing.T) {
	want := "\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[38;2;0;255;0;48;2;255;255;255m▀\x1b[0m\n"
	if d := cmp.Diff(want, drawn(t, flag(t, 20), Blocks, 80, 24)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	want = "\x1b[38;5;196;48;5;21m▀\x1b[38;5;46;48;5;231m▀\x1b[0m\n"
	if d := cmp.Diff(want, drawn(t, flag(t, 20), Blocks8, 80, 24)); d != "" {
		t.Errorf("256 colours: -want +got\n%s", d)
	}
}

func TestITerm(t *testing.T) {
	b := flag(t, 20)
	got := drawn(t, b, ITerm, 80, 24)
	payload := base64.StdEncoding.EncodeToString(b.Data[display.PNG])
	if !strings.HasPrefix(got, "\x1b]1337;File=inline=1;size=") || !strings.HasSuffix(got, ";width=2;height=1;preserveAspectRatio=0:"+payload+"\a\n") {
		t.Errorf("got %q", got)
	}
}

func TestKittySendsChunks(t *testing.T) {
	b := display.NewText("noise").With(display.PNG, noise(t, 64))
	got := drawn(t, b, Kitty, 80, 24)
	parts := strings.Split(strings.TrimSuffix(got, "\n"), "\x1b\\")
	var payload strings.Builder
	for i, p := range parts[:len(parts)-1] {
		control, data, ok := strings.Cut(strings.TrimPrefix(p, "\x1b_G"), ";")
		last := i == len(parts)-2
		if !ok || len(data) > 4096 || strings.HasSuffix(control, "m=0") != last {
			t.Errorf("part %d has control %q and %d bytes", i, control, len(data))
		}
		payload.WriteString(data)
	}
	if !strings.HasPrefix(got, "\x1b_Ga=T,f=100,q=2,c=6,r=3,m=1;") || len(parts) < 3 {
		t.Errorf("%d parts, begins %q", len(parts), got[:40])
	}
	if payload.String() != base64.StdEncoding.EncodeToString(b.Data[display.PNG]) {
		t.Error("the parts don't add up to the image")
	}
}

// noise is a PNG that doesn't compress.
func noise(t *testing.T, side int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	state := uint32(1)
	for i := range m.Pix {
		state = state*1664525 + 1013904223
		m.Pix[i] = byte(state >> 24)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesFitTheScreen(t *testing.T) {
	for _, c := range []struct{ side, width, cols, rows, wantCols, wantRows int }{
		{100, 0, 80, 24, 10, 5},
		{2000, 0, 80, 24, 48, 24},
		{2000, 0, 20, 24, 20, 10},
		{2000, 100, 80, 24, 10, 5},
		{1, 0, 80, 24, 1, 1},
	} {
		b := flag(t, c.side)
		if c.width > 0 {
			b = b.Sized(display.PNG, c.width, c.width)
		}
		if p, _ := pictureOf(b, c.cols, c.rows); p.cols != c.wantCols || p.rows != c.wantRows {
			t.Errorf("%+v: %d x %d characters", c, p.cols, p.rows)
		}
	}
}

func TestDetectImages(t *testing.T) {
	for _, c := range []struct {
		env  string
		want Images
	}{
		{"", NoImages},
		{"TERM=dumb COLORTERM=truecolor", NoImages},
		{"TERM=xterm-kitty", Kitty},
		{"TERM=xterm-256color KITTY_WINDOW_ID=1", Kitty},
		{"TERM=xterm-256color TERM_PROGRAM=iTerm.app", ITerm},
		{"TERM=xterm-256color COLORTERM=truecolor", Blocks},
		{"TERM=xterm-256color", Blocks8},
		{"TERM=screen-256color TMUX=x KITTY_WINDOW_ID=1 COLORTERM=truecolor", Blocks},
		{"TERM=xterm", NoImages},
		{"TERM=xterm-kitty GROUPNB_IMAGES=none", NoImages},
		{"TERM=xterm GROUPNB_IMAGES=blocks", Blocks},
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		if got := DetectImages(func(name string) string { return env[name] }); got != c.want {
			t.Errorf("%s: got %s, want %s", c.env, got, c.want)
		}
	}
}
