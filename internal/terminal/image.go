package terminal

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/jpeg" // so that image.Decode knows the formats that bundles hold
	_ "image/png"
	"io"
	"strings"

	"github.com/groupnb/groupnb/repl/display"
)

// Images is a way to draw pictures in a terminal.
type Images string

// Ways to draw pictures.
const (
	NoImages Images = "none"   // show the text/plain form
	Kitty    Images = "kitty"  // the kitty graphics protocol: kitty, Ghostty, Konsole
	ITerm    Images = "iterm"  // inline images of iTerm2: also WezTerm, mintty, VS Code
	Blocks   Images = "blocks" // two pixels in each character, in 24-bit colours
	Blocks8  Images = "blocks256"
)

// ImagesVariable is the environment variable that chooses the way.
const ImagesVariable = "GROUPNB_IMAGES"

// DetectImages chooses by the environment. It asks the terminal nothing, since an answer that comes late is input.
// Inside tmux and screen only blocks survive.
func DetectImages(getenv func(string) string) Images {
	term, program := getenv("TERM"), getenv("TERM_PROGRAM")
	switch wish := Images(getenv(ImagesVariable)); wish {
	case NoImages, Kitty, ITerm, Blocks, Blocks8:
		return wish
	}
	multiplexed := getenv("TMUX") != "" || strings.HasPrefix(term, "screen") || strings.HasPrefix(term, "tmux")
	switch {
	case term == "" || term == "dumb":
		return NoImages
	case !multiplexed && (term == "xterm-kitty" || term == "xterm-ghostty" || getenv("KITTY_WINDOW_ID") != "" || program == "ghostty"):
		return Kitty
	case !multiplexed && (program == "iTerm.app" || program == "WezTerm" || program == "vscode" || getenv("LC_TERMINAL") == "iTerm2"):
		return ITerm
	case getenv("COLORTERM") == "truecolor" || getenv("COLORTERM") == "24bit":
		return Blocks
	case strings.Contains(term, "256color"):
		return Blocks8
	}
	return NoImages
}

// A picture is an encoded image and the character cells it is to fill.
type picture struct {
	data       []byte
	media      string
	cols, rows int
}

// pictureOf returns the picture in a bundle, fitted into a screen. Pixels are taken to be a tenth of a character wide;
// characters to be twice as high as wide.
func pictureOf(b display.Bundle, cols, rows int) (picture, bool) {
	for _, media := range []string{display.PNG, display.JPEG} {
		data := b.Data[media]
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || config.Width < 1 || config.Height < 1 {
			continue
		}
		width, height := float64(config.Width), float64(config.Height)
		if w, ok := number(b.Metadata[media]["width"]); ok && w > 0 {
			width, height = w, height*w/width
		}
		scale := min(1, float64(cols)*10/width, float64(max(rows, 1))*20/height)
		return picture{data: data, media: media, cols: max(1, int(width*scale/10+0.5)), rows: max(1, int(height*scale/20+0.5))}, true
	}
	return picture{}, false
}

// number reads a size in metadata, which was decoded from JSON or set by the program.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

// draw writes the picture and a line feed behind it.
func (p picture) draw(w io.Writer, how Images) error {
	switch how {
	case Kitty:
		return p.kitty(w)
	case ITerm:
		_, err := fmt.Fprintf(w, "\x1b]1337;File=inline=1;size=%d;width=%d;height=%d;preserveAspectRatio=0:%s\a\n",
			len(p.data), p.cols, p.rows, base64.StdEncoding.EncodeToString(p.data))
		return err
	}
	return p.blocks(w, how == Blocks)
}

// kitty sends base64 in chunks of at most 4096 bytes. Only PNG is sent as it is.
func (p picture) kitty(w io.Writer) error {
	data, err := asPNG(p.data, p.media)
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(data)
	control := fmt.Sprintf("a=T,f=100,q=2,c=%d,r=%d,", p.cols, p.rows)
	for first := true; first || text != ""; first = false {
		chunk := text[:min(len(text), 4096)]
		text = text[len(chunk):]
		more := 0
		if text != "" {
			more = 1
		}
		if _, err := fmt.Fprintf(w, "\x1b_G%sm=%d;%s\x1b\\", control, more, chunk); err != nil {
			return err
		}
		control = ""
	}
	_, err = io.WriteString(w, "\n")
	return err
}
