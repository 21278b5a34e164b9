// Package onnx reads and writes ONNX models: graphs of named operations in Protocol Buffers.
//
//	m, err := onnx.Parse(raw)
//	for _, n := range m.Nodes { ... }
//
// It knows the format, not the meaning of the operations. Files are not trusted: every length is checked against the
// bytes that are there, and data outside the file is refused.
package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A Model is a graph with its weights.
type Model struct {
	Opset    int64
	Nodes    []Node
	Weights  []Tensor
	Inputs   []Value // without the weights, if the file lists those too
	Outputs  []Value
	Producer string
}

// A Node is an operation; an input may be "" if it is left out.
type Node struct {
	Op, Name        string
	Inputs, Outputs []string
	Attributes      []Attribute
}

// An Attribute is a setting of a node: one of the fields is set.
type Attribute struct {
	Name   string
	Int    int64
	Float  float32
	Text   string
	Ints   []int64
	Floats []float32
	Tensor *Tensor
	kind   int64
}

// Kinds of attributes and elements that are written.
const (
	kindFloat  = 1
	kindInt    = 2
	kindString = 3
	kindTensor = 4
	kindFloats = 6
	kindInts   = 7

	float32s = 1
	int64s   = 7
	float64s = 11
)

// A Tensor is a weight: Floats, or Ints if the type is int64.
type Tensor struct {
	Name   string
	Shape  []int64
	Floats []float32
	Ints   []int64
}

// A Value names an input or output; sizes are -1 where they are free.
type Value struct {
	Name  string
	Shape []int64
}

// Attribute returns a node's attribute, nil if it has none of the name.
func (n *Node) Attribute(name string) *Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	return nil
}

// Int returns an integer attribute or its default.
func (n *Node) Int(name string, def int64) int64 {
	if a := n.Attribute(name); a != nil {
		return a.Int
	}
	return def
}

// Float returns a number attribute or its default.
func (n *Node) Float(name string, def float32) float32 {
	if a := n.Attribute(name); a != nil {
		return a.Float
	}
	return def
}

// Ints returns a list attribute, nil if there is none.
func (n *Node) Ints(name string) []int64 {
	if a := n.Attribute(name); a != nil {
		return a.Ints
	}
	return nil
}

// Parse decodes a model.
func Parse(raw []byte) (*Model, error) {
	m := &Model{}
	var graph []byte
	err := visit(raw, func(f field) error {
		switch f.id {
		case 2:
			m.Producer = string(f.raw)
		case 7:
			graph = f.raw
		case 8:
			return m.opset(f.raw)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if graph == nil {
		return nil, errors.New("no graph")
	}
	return m, m.graph(graph)
}

func (m *Model) opset(raw []byte) error {
	domain, version := "", int64(0)
	err := visit(raw, func(f field) error {
		switch f.id {
		case 1:
			domain = string(f.raw)
		case 2:
			version = int64(f.n)
		}
		return nil
	})
	if domain == "" || domain == "ai.onnx" {
		m.Opset = version
	}
	return err
}

// maxItems is how many nodes, weights, inputs and outputs a graph may have, and how many attributes a node: each takes
// far more memory than bytes in a file.
const (
	maxItems      = 1 << 17
	maxAttributes = 1 << 8
)

func (m *Model) graph(raw []byte) error {
	weight := map[string]bool{}
	err := visit(raw, func(f field) error {
		if len(m.Nodes)+len(m.Weights)+len(m.Inputs)+len(m.Outputs) == maxItems {
			return fmt.Errorf("more than %d nodes and weights", maxItems)
		}
		switch f.id {
		case 1:
			n, err := parseNode(f.raw)
			m.Nodes = append(m.Nodes, n)
			return err
		case 5:
			t, err := parseTensor(f.raw)
			if err != nil {
				return fmt.Errorf("weight %q: %w", t.Name, err)
			}
			weight[t.Name] = true
			m.Weights = append(m.Weights, *t)
		case 11:
			v, err := parseValue(f.raw)
			m.Inputs = append(m.Inputs, v)
			return err
		case 12:
			v, err := parseValue(f.raw)
			m.Outputs = append(m.Outputs, v)
			return err
		}
		return nil
	})
	inputs := m.Inputs
	m.Inputs = nil
	for _, v := range inputs {
		if !weight[v.Name] {
			m.Inputs = append(m.Inputs, v)
		}
	}
	return err
}

func parseNode(raw []byte) (n Node, err error) {
	err = visit(raw, func(f field) error {
		switch f.id {
		case 1:
			n.Inputs = append(n.Inputs, string(f.raw))
		case 2:
			n.Outputs = append(n.Outputs, string(f.raw))
		case 3:
			n.Name = string(f.raw)
		case 4:
			n.Op = string(f.raw)
		case 5:
			if len(n.Attributes) == maxAttributes {
				return fmt.Errorf("node %q has more than %d attributes", n.Name, maxAttributes)
			}
			a, err := parseAttribute(f.raw)
			n.Attributes = append(n.Attributes, a)
			return err
		}
		return nil
	})
	return n, err
}

func parseAttribute(raw []byte) (a Attribute, err error) {
	err = visit(raw, func(f field) (err error) {
		switch f.id {
		case 1:
			a.Name = string(f.raw)
		case 2:
			a.Float = math.Float32frombits(uint32(f.n))
		case 3:
			a.Int = int64(f.n)
		case 4:
			a.Text = string(f.raw)
		case 5:
			a.Tensor, err = parseTensor(f.raw)
		case 7:
			a.Floats, err = f.floats(a.Floats)
		case 8:
			a.Ints, err = f.ints(a.Ints)
		case 20:
			a.kind = int64(f.n)
		}
		return err
	})
	return a, err
}

func parseTensor(raw []byte) (*Tensor, error) {
	t := &Tensor{}
	var kind int64
	var data []byte
	var doubles []byte
	err := visit(raw, func(f field) (err error) {
		switch f.id {
		case 1:
			t.Shape, err = f.ints(t.Shape)
		case 2:
			kind = int64(f.n)
		case 4:
			t.Floats, err = f.floats(t.Floats)
		case 7:
			t.Ints, err = f.ints(t.Ints)
		case 8:
			t.Name = string(f.raw)
		case 9:
			data = f.raw
		case 10:
			doubles = f.raw
		case 13, 14:
			if len(f.raw) > 0 || f.n != 0 {
				err = errors.New("its data is in another file, which is not supported")
			}
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if data == nil {
		data = doubles
	}
	if data != nil {
		if err := t.decode(kind, data); err != nil {
			return t, err
		}
	}
	return t, t.check(kind)
}

func (t *Tensor) decode(kind int64, data []byte) error {
	width := map[int64]int{float32s: 4, int64s: 8, float64s: 8}[kind]
	if width == 0 || len(data)%width != 0 {
		return fmt.Errorf("%d bytes of type %d", len(data), kind)
	}
	for ; len(data) > 0; data = data[width:] {
		switch kind {
		case float32s:
			t.Floats = append(t.Floats, math.Float32frombits(binary.LittleEndian.Uint32(data)))
		case float64s:
			t.Floats = append(t.Floats, float32(math.Float64frombits(binary.LittleEndian.Uint64(data))))
		case int64s:
			t.Ints = append(t.Ints, int64(binary.LittleEndian.Uint64(data)))
		}
	}
	return nil
}

func (t *Tensor) check(kind int64) error {
	n := int64(1)
	for _, d := range t.Shape {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			return fmt.Errorf("impossible shape %v", t.Shape)
		}
		n *= d
	}
	got := len(t.Floats)
	if kind == int64s {
		got = len(t.Ints)
	}
	if int64(got) != n {
		return fmt.Errorf("%d numbers of type %d for shape %v", got, kind, t.Shape)
	}
	return nil
}

func parseValue(raw []byte) (v Value, err error) {
	err = visit(raw, func(f field) error {
		switch f.id {
		case 1:
			v.Name = string(f.raw)
		case 2: // type -> tensor_type -> shape -> dim
			return descend(f.raw, []int{1, 2, 1}, func(dim []byte) error {
				size := int64(-1)
				err := visit(dim, func(f field) error {
					if f.id == 1 {
						size = int64(f.n)
					}
					return nil
				})
				v.Shape = append(v.Shape, size)
				return err
			})
		}
		return nil
	})
	return v, err
}

// descend follows a path of field numbers and calls f with each message at its end.
func descend(raw []byte, path []int, f func([]byte) error) error {
	if len(path) == 0 {
		return f(raw)
	}
	return visit(raw, func(x field) error {
		if x.id != path[0] || x.kind != bytes {
			return nil
		}
		return descend(x.raw, path[1:], f)
	})
}
