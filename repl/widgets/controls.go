package widgets

import (
	"fmt"
	"html"
	"strings"
)

// layout and style are models of their own that every control refers to.
func layout(state map[string]any) string {
	n := &node{}
	n.open(baseModule, "LayoutModel", state)
	return n.reference()
}

func style(name string) string {
	n := &node{}
	n.open(controlsModule, name, map[string]any{"_view_module": baseModule, "_view_name": "StyleView"})
	return n.reference()
}

// A Bar is a bar between two numbers.
type Bar struct {
	node
	min, max, value float64
}

// NewFloatProgress returns a bar from min to max that stands at min.
func NewFloatProgress(min, max float64) *Bar {
	return newBar("FloatProgressModel", min, max)
}

// NewIntProgress returns a bar that counts whole steps from min to max.
func NewIntProgress(min, max int) *Bar {
	return newBar("IntProgressModel", float64(min), float64(max))
}

func newBar(name string, min, max float64) *Bar {
	p := &Bar{min: min, max: max, value: min}
	p.twin = p.draw
	p.open(controlsModule, name, map[string]any{
		"min": min, "max": max, "value": min, "bar_style": "", "orientation": "horizontal", "description": "",
		"_view_name": "ProgressView", "layout": layout(nil), "style": style("ProgressStyleModel"),
	})
	return p
}

// Set moves the bar.
func (p *Bar) Set(value float64) {
	p.mu.Lock()
	p.value = max(p.min, min(value, p.max))
	value = p.value
	p.mu.Unlock()
	p.set(map[string]any{"value": value})
}

// Style colours the bar: "success", "info", "warning", "danger" or "" for plain.
func (p *Bar) Style(name string) { p.set(map[string]any{"bar_style": name}) }

func (p *Bar) draw() (text, page string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	part := 1.0
	if p.max > p.min {
		part = (p.value - p.min) / (p.max - p.min)
	}
	const width = 30
	full := int(part*width + 0.5)
	text = fmt.Sprintf("%s%s %3.0f%%", strings.Repeat("█", full), strings.Repeat("░", width-full), 100*part)
	return text, fmt.Sprintf(`<progress value="%g" max="1" style="vertical-align:middle"></progress>`, part)
}

// An HTML is a piece of a page.
type HTML struct {
	node
	value string
}

// NewHTML returns a widget that shows a piece of HTML; text that is no HTML must be escaped before.
func NewHTML(value string) *HTML {
	h := &HTML{value: value}
	h.twin = h.draw
	h.open(controlsModule, "HTMLModel", map[string]any{
		"value": value, "description": "", "placeholder": "", "layout": layout(nil), "style": style("DescriptionStyleModel"),
	})
	return h
}

// Set replaces the HTML.
func (h *HTML) Set(value string) {
	h.mu.Lock()
	h.value = value
	h.mu.Unlock()
	h.set(map[string]any{"value": value})
}

func (h *HTML) draw() (text, page string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return plain(h.value), h.value
}

// plain is HTML without its tags.
func plain(page string) string {
	var b strings.Builder
	inside := false
	for _, r := range page {
		switch {
		case r == '<':
			inside = true
		case r == '>' && inside:
			inside = false
		case !inside:
			b.WriteRune(r)
		}
	}
	return html.UnescapeString(b.String())
}

// An HBox is a row of widgets.
type HBox struct {
	node
	children []Widget
}

// NewHBox returns a row. A widget stands in one row only.
func NewHBox(children ...Widget) *HBox {
	b := &HBox{children: children}
	b.twin = b.draw
	var references []string
	for _, c := range children {
		c.core().parent = &b.node
		references = append(references, c.core().reference())
	}
	b.open(controlsModule, "HBoxModel", map[string]any{
		"children": references, "box_style": "", "layout": layout(map[string]any{"align_items": "center"}),
	})
	return b
}

func (b *HBox) draw() (text, page string) {
	var texts, pages []string
	for _, c := range b.children {
		t, p := c.core().twin()
		texts = append(texts, t)
		pages = append(pages, "<span>"+p+"</span>")
	}
	return strings.TrimRight(strings.Join(texts, " "), " "),
		`<div style="display:flex;gap:0.5em;align-items:center;font-family:monospace">` + strings.Join(pages, "") + "</div>"
}
