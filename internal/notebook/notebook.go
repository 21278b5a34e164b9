// Package notebook holds Jupyter notebooks: a model of nbformat 4.5, a codec and a Markdown twin.
//
//	nb, err := notebook.Read("train.ipynb")
//	nb.Cells[0].Source = "1 + 1"
//	err = nb.WriteFile("train.ipynb")
//
// Every 4.x notebook is read and becomes 4.5; fields this package doesn't know are kept. Writing is byte-stable: what
// was written, read and written again gives the same bytes, and they are the bytes Jupyter writes: sorted keys, one
// space of indentation, no HTML escaping, a newline at the end. It doesn't run cells and knows of Go only how it is
// formatted.
package notebook

import (
	"fmt"
	"maps"
	"slices"
)

// Cell types.
const (
	Code     = "code"
	Markdown = "markdown"
	Raw      = "raw"
)

// Output types.
const (
	Stream  = "stream"
	Display = "display_data"
	Result  = "execute_result"
	Error   = "error"
)

// A Notebook is a list of cells. Extra holds top-level fields that nbformat 4.5 doesn't name.
type Notebook struct {
	Cells    []*Cell
	Metadata map[string]any
	Minor    int // of nbformat 4; at least 5
	Extra    map[string]any
}

// A Cell is one cell. Count and Outputs are those of code cells; a Count of 0 means that the cell was not run.
type Cell struct {
	ID          string
	Type        string
	Source      string
	Metadata    map[string]any
	Attachments map[string]any // nil if there are none
	Count       int
	Outputs     []*Output
	Extra       map[string]any
}

// An Output is one output of a code cell. Which fields count depends on Type.
type Output struct {
	Type string

	Name, Text string // of a Stream: "stdout" or "stderr", and what was written

	// Data and Metadata are those of Display and Result: by media type, a string (binary data in base64) or, for
	// JSON types, any JSON value. Count is that of a Result.
	Data     map[string]any
	Metadata map[string]any
	Count    int

	EName, EValue string // of an Error: its kind and message
	Traceback     []string

	Extra map[string]any
}

// Tags returns the tags in the cell's metadata.
func (c *Cell) Tags() []string {
	list, _ := c.Metadata["tags"].([]any)
	var tags []string
	for _, t := range list {
		if s, ok := t.(string); ok {
			tags = append(tags, s)
		}
	}
	return tags
}

// HasTag reports whether the cell has any of the given tags.
func (c *Cell) HasTag(tags ...string) bool {
	return slices.ContainsFunc(c.Tags(), func(t string) bool { return slices.Contains(tags, t) })
}

// Clear removes what running the cell made.
func (c *Cell) Clear() { c.Count, c.Outputs = 0, nil }

// New returns a notebook without cells for the groupnb kernel.
func New() *Notebook {
	nb := &Notebook{Metadata: map[string]any{}, Minor: 5}
	nb.DescribeKernel()
	return nb
}

// DescribeKernel fills in the kernel and language that the metadata lacks, so that Jupyter opens the notebook with
// groupnb and readers colour its cells as Go.
func (nb *Notebook) DescribeKernel() {
	if _, ok := nb.Metadata["kernelspec"]; !ok {
		nb.Metadata["kernelspec"] = map[string]any{"name": "groupnb", "display_name": "Go (groupnb)", "language": "go"}
	}
	if _, ok := nb.Metadata["language_info"]; !ok {
		nb.Metadata["language_info"] = map[string]any{
			"name": "go", "file_extension": ".go", "mimetype": "text/x-go", "codemirror_mode": "go", "pygments_lexer": "go",
		}
	}
}

// Language returns the programming language that the metadata names, "" if none.
func (nb *Notebook) Language() string {
	for _, k := range []struct{ section, field string }{{"language_info", "name"}, {"kernelspec", "language"}} {
		section, _ := nb.Metadata[k.section].(map[string]any)
		if s, _ := section[k.field].(string); s != "" {
			return s
		}
	}
	return ""
}

// Add appends a cell of the given type and returns it.
func (nb *Notebook) Add(cellType, source string) *Cell {
	c := &Cell{Type: cellType, Source: source, Metadata: map[string]any{}}
	nb.Cells = append(nb.Cells, c)
	nb.nameCells()
	return c
}

// nameCells gives an id, by position, to every cell that lacks one or repeats an earlier one.
func (nb *Notebook) nameCells() {
	taken := map[string]bool{}
	var unnamed []int
	for i, c := range nb.Cells {
		if !validID(c.ID) || taken[c.ID] {
			unnamed = append(unnamed, i)
			continue
		}
		taken[c.ID] = true
	}
	for _, i := range unnamed {
		id := fmt.Sprintf("cell-%d", i+1)
		for n := 2; taken[id]; n++ {
			id = fmt.Sprintf("cell-%d-%d", i+1, n)
		}
		nb.Cells[i].ID = id
		taken[id] = true
	}
}

func validID(id string) bool {
	if len(id) < 1 || len(id) > 64 {
		return false
	}
	for _, r := range id {
		if r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}

// Clone returns a copy whose cells and outputs can be changed without changing nb's. Metadata values are shared.
func (nb *Notebook) Clone() *Notebook {
	c := *nb
	c.Metadata = maps.Clone(nb.Metadata)
	c.Cells = make([]*Cell, len(nb.Cells))
	for i, cell := range nb.Cells {
		c.Cells[i] = cell.Clone()
	}
	return &c
}

// Clone returns a copy whose outputs can be changed without changing c's. Metadata values are shared.
func (c *Cell) Clone() *Cell {
	d := *c
	d.Metadata = maps.Clone(c.Metadata)
	d.Outputs = make([]*Output, len(c.Outputs))
	for i, o := range c.Outputs {
		p := *o
		d.Outputs[i] = &p
	}
	return &d
}

// keepOutput are the tags of cells whose outputs Strip leaves.
var keepOutput = []string{"keep_output", "keep-output"}

// Strip removes outputs, counts and times of execution, so that what is left is what a person wrote.
func (nb *Notebook) Strip() {
	for _, c := range nb.Cells {
		delete(c.Metadata, "execution")
		if keep, _ := c.Metadata["keep_output"].(bool); !keep && !c.HasTag(keepOutput...) {
			c.Clear()
		}
	}
}
