package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"

	"github.com/groupnb/groupnb/internal/highlight"
	"github.com/groupnb/groupnb/internal/notebook"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// markdown renders prose as GitHub does. HTML in prose passes, as it does in Jupyter: a notebook is a program, and who
// runs it trusts it.
var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(renderer.WithUnsafe()))

// A section is one cell of a page.
type section struct {
	Class string // code, markdown or raw
	Count int
	Body  template.HTML
	Parts []template.HTML // outputs
}

// HTML returns a notebook as one self-contained page: no scripts, no other files, readable on light and dark.
func HTML(title string, nb *notebook.Notebook) ([]byte, error) {
	var sections []section
	for _, c := range nb.Cells {
		if c.HasTag("remove-cell") {
			continue
		}
		s := section{Class: c.Type, Count: c.Count}
		switch c.Type {
		case notebook.Code:
			if !c.HasTag("remove-input", "hide-input") {
				s.Body = goHTML(c.Source)
			}
		case notebook.Markdown:
			var b bytes.Buffer
			if err := markdown.Convert([]byte(withAttachments(c)), &b); err != nil {
				return nil, err
			}
			s.Body = template.HTML(b.String())
		default:
			s.Body = template.HTML("<pre>" + html.EscapeString(c.Source) + "</pre>")
		}
		if !c.HasTag("remove-output") {
			for _, o := range c.Outputs {
				s.Parts = append(s.Parts, outputHTML(o))
			}
		}
		sections = append(sections, s)
	}
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		Title    string
		Sections []section
	}{title, sections})
	return b.Bytes(), err
}

// withAttachments puts the pictures that a Markdown cell brings along into its links.
func withAttachments(c *notebook.Cell) string {
	source := c.Source
	for name, v := range c.Attachments {
		bundle, _ := v.(map[string]any)
		for media, data := range bundle {
			if text, ok := data.(string); ok {
				source = strings.ReplaceAll(source, "attachment:"+name, "data:"+media+";base64,"+strings.TrimSpace(text))
			}
		}
	}
	return source
}

func goHTML(source string) template.HTML {
	var b strings.Builder
	b.WriteString("<pre>")
	done := 0
	for _, s := range highlight.Spans(source) {
		b.WriteString(html.EscapeString(source[done:s.Start]))
		fmt.Fprintf(&b, `<span class="%s">%s</span>`, s.Kind, html.EscapeString(source[s.Start:s.End]))
		done = s.End
	}
	b.WriteString(html.EscapeString(source[done:]) + "</pre>")
	return template.HTML(b.String())
}

// richest lists what a browser shows, best first.
var richest = []string{"text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"}

func outputHTML(o *notebook.Output) template.HTML {
	switch o.Type {
	case notebook.Stream:
		return pre(o.Name, o.Text)
	case notebook.Error:
		return pre("error", strings.Join(o.Traceback, "\n"))
	}
	for _, media := range richest {
		text, ok := o.Data[media].(string)
		if !ok {
			continue
		}
		switch media {
		case "text/html", "image/svg+xml":
			return template.HTML("<div>" + text + "</div>")
		case "text/markdown":
			var b bytes.Buffer
			if markdown.Convert([]byte(text), &b) == nil {
				return template.HTML(b.String())
			}
		case "text/plain":
			return pre("result", text)
		default:
			alt, _ := o.Data["text/plain"].(string)
			return template.HTML(fmt.Sprintf(`<img src="data:%s;base64,%s" alt="%s"%s>`, media,
				html.EscapeString(strings.Join(strings.Fields(text), "")), html.EscapeString(alt), sizeOf(o, media)))
		}
	}
	return ""
}

func sizeOf(o *notebook.Output, media string) string {
	hints, _ := o.Metadata[media].(map[string]any)
	if w, ok := hints["width"]; ok {
		return fmt.Sprintf(` width="%s"`, html.EscapeString(fmt.Sprint(w)))
	}
	return ""
}

func pre(class, text string) template.HTML {
	return template.HTML(`<pre class="` + class + `">` + html.EscapeString(plainLines(text)) + "</pre>")
}
