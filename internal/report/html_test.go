package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/internal/notebook"
)

func sample() *notebook.Notebook {
	nb := notebook.New()
	nb.Add(notebook.Markdown, "# A & B\n\n| a |\n|---|\n| 1 |\n\n![x](attachment:x.png)").Attachments =
		map[string]any{"x.png": map[string]any{"image/png": "AAAA\n"}}
	c := nb.Add(notebook.Code, "s := \"<b>\"")
	c.Outputs = []*notebook.Output{
		{Type: notebook.Stream, Name: "stdout", Text: "\x1b[31m1 < 2\x1b[0m\n"},
		{Type: notebook.Display, Data: map[string]any{"image/png": "iVBO\n", "text/plain": "a \"plot\""}, Metadata: map[string]any{"image/png": map[string]any{"width": 300}}},
		{Type: notebook.Result, Data: map[string]any{"text/html": "<i>seven</i>", "text/plain": "7"}},
		{Type: notebook.Error, EName: "panic", EValue: "boom", Traceback: []string{"panic: boom", "<In[1]>"}},
	}
	nb.Add(notebook.Code, "hidden()").Metadata["tags"] = []any{"remove-cell"}
	return nb
}

func TestHTML(t *testing.T) {
	got, err := HTML("<t>", sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<title>&lt;t&gt;</title>",
		"<h1>A &amp; B</h1>",
		"<table>",
		`<img src="data:image/png;base64,AAAA" alt="x">`,
		`<pre>s := <span class="string">&#34;&lt;b&gt;&#34;</span></pre>`,
		`<pre class="stdout">1 &lt; 2`,
		`<img src="data:image/png;base64,iVBO" alt="a &#34;plot&#34;" width="300">`,
		"<div><i>seven</i></div>",
		`<pre class="error">panic: boom` + "\n&lt;In[1]&gt;</pre>",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(string(got), "hidden") {
		t.Error("a cell tagged remove-cell is shown")
	}
}

func TestReadable(t *testing.T) {
	want := `# A & B

| a |
|---|
| 1 |

![x](attachment:x.png)

` + "```go\ns := \"<b>\"\n```" + `
> 1 < 2
> a "plot"
> [image/png, 5 bytes]
> 7
> [text/html, 12 bytes]
> panic: boom

` + "```go\nhidden()\n```\n\n"
	if d := cmp.Diff(want, string(Readable(sample()))); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
