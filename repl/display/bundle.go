package display

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Media types that front ends know how to render.
const (
	Text     = "text/plain"
	HTML     = "text/html"
	Markdown = "text/markdown"
	LaTeX    = "text/latex"
	PNG      = "image/png"
	JPEG     = "image/jpeg"
	SVG      = "image/svg+xml"
	JSON     = "application/json"
)

// A Bundle is one value in several representations. Data maps a media type to raw bytes (images are not base64);
// Metadata maps a media type to hints such as width and height in CSS pixels.
type Bundle struct {
	Data     map[string][]byte         `json:"data"`
	Metadata map[string]map[string]any `json:"metadata,omitempty"`
}

// NewText returns a bundle that holds only text/plain.
func NewText(s string) Bundle { return Bundle{Data: map[string][]byte{Text: []byte(s)}} }

// With returns a copy of b that also holds data as mediaType.
func (b Bundle) With(mediaType string, data []byte) Bundle {
	c := Bundle{Data: maps.Clone(b.Data), Metadata: b.Metadata}
	if c.Data == nil {
		c.Data = map[string][]byte{}
	}
	c.Data[mediaType] = data
	return c
}

// Sized returns a copy of b with a width and height, in CSS pixels, for mediaType.
func (b Bundle) Sized(mediaType string, width, height int) Bundle {
	c := Bundle{Data: b.Data, Metadata: maps.Clone(b.Metadata)}
	if c.Metadata == nil {
		c.Metadata = map[string]map[string]any{}
	}
	c.Metadata[mediaType] = map[string]any{"width": width, "height": height}
	return c
}

// Text returns the text/plain form, "" if there is none.
func (b Bundle) Text() string { return string(b.Data[Text]) }

// Types returns the media types held, sorted.
func (b Bundle) Types() []string { return slices.Sorted(maps.Keys(b.Data)) }

// IsBinary reports whether data of this media type travels as base64 in a notebook or a Jupyter message.
func IsBinary(mediaType string) bool {
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "image":
		return mediaType != SVG
	case "audio", "video":
		return true
	}
	return mediaType == "application/pdf" || mediaType == "application/octet-stream"
}

// A Displayer chooses its own representations.
type Displayer interface{ Display() Bundle }

// Of returns the representations of v. A Displayer speaks for itself; an image.Image becomes a PNG; a matrix
// becomes a table; methods HTML, Markdown, LaTeX and SVG (returning a string) and PNG (returning bytes) each add
// theirs; what [Register] added knows further types. There is always
// a text/plain form, made by fmt if v does not bring its own.
func Of(v any) Bundle {
	if isNil(v) {
		return withText(Bundle{}, v)
	}
	if b, ok := registered(v); ok {
		return withText(b, v)
	}
	switch v := v.(type) {
	case Bundle:
		return v
	case Displayer:
		return withText(v.Display(), v)
	case image.Image:
		return ofImage(v)
	case matrix:
		return ofMatrix(v)
	}
	b := Bundle{Data: map[string][]byte{}}
	if v, ok := v.(interface{ HTML() string }); ok {
		b.Data[HTML] = []byte(v.HTML())
	}
	if v, ok := v.(interface{ Markdown() string }); ok {
		b.Data[Markdown] = []byte(v.Markdown())
	}
	if v, ok := v.(interface{ LaTeX() string }); ok {
		b.Data[LaTeX] = []byte(v.LaTeX())
	}
	if v, ok := v.(interface{ SVG() string }); ok {
		b.Data[SVG] = []byte(v.SVG())
	}
	if v, ok := v.(interface{ PNG() []byte }); ok {
		b.Data[PNG] = v.PNG()
	}
	return withText(b, v)
}

// isNil reports whether v is a nil pointer, on which methods are better not called.
func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

func withText(b Bundle, v any) Bundle {
	if _, ok := b.Data[Text]; ok {
		return b
	}
	return b.With(Text, fmt.Append(nil, v))
}

func ofImage(m image.Image) Bundle {
	size := m.Bounds().Size()
	b := NewText(fmt.Sprintf("%T %dx%d", m, size.X, size.Y))
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		return NewText(b.Text() + ": " + err.Error())
	}
	return b.With(PNG, buf.Bytes()).Sized(PNG, size.X, size.Y)
}
