package onnx

import (
	"encoding/binary"
	"math"
)

// irVersion is the version of the file format that goes with operation set 13.
const irVersion = 7

// IntAttribute makes an attribute of one integer.
func IntAttribute(name string, v int64) Attribute {
	return Attribute{Name: name, Int: v, kind: kindInt}
}

// FloatAttribute makes an attribute of one number.
func FloatAttribute(name string, v float32) Attribute {
	return Attribute{Name: name, Float: v, kind: kindFloat}
}

// TextAttribute makes an attribute of a text.
func TextAttribute(name, v string) Attribute { return Attribute{Name: name, Text: v, kind: kindString} }

// IntsAttribute makes an attribute of a list of integers.
func IntsAttribute(name string, v ...int64) Attribute {
	return Attribute{Name: name, Ints: v, kind: kindInts}
}

// Encode writes the model.
func (m *Model) Encode() []byte {
	var opset, out message
	opset.text(1, "")
	opset.int(2, m.Opset)
	out.int(1, irVersion)
	out.text(2, m.Producer)
	out.bytes(7, m.encodeGraph())
	out.bytes(8, opset)
	return out
}

func (m *Model) encodeGraph() message {
	var g message
	for _, n := range m.Nodes {
		g.bytes(1, n.encode())
	}
	g.text(2, "main")
	for _, t := range m.Weights {
		g.bytes(5, t.encode())
	}
	for _, v := range m.Inputs {
		g.bytes(11, v.encode())
	}
	for _, v := range m.Outputs {
		g.bytes(12, v.encode())
	}
	return g
}

func (n *Node) encode() message {
	var m message
	for _, s := range n.Inputs {
		m.text(1, s)
	}
	for _, s := range n.Outputs {
		m.text(2, s)
	}
	m.text(3, n.Name)
	m.text(4, n.Op)
	for _, a := range n.Attributes {
		m.bytes(5, a.encode())
	}
	return m
}

func (a *Attribute) encode() message {
	var m message
	m.text(1, a.Name)
	switch a.kind {
	case kindFloat:
		m.float(2, a.Float)
	case kindInt:
		m.int(3, a.Int)
	case kindString:
		m.text(4, a.Text)
	case kindInts:
		for _, v := range a.Ints {
			m.int(8, v)
		}
	}
	m.int(20, a.kind)
	return m
}

func (t *Tensor) encode() message {
	var m message
	m.packed(1, t.Shape)
	var raw []byte
	if t.Ints != nil {
		m.int(2, int64s)
		for _, v := range t.Ints {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		}
	} else {
		m.int(2, float32s)
		raw = make([]byte, 0, 4*len(t.Floats))
		for _, v := range t.Floats {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
	}
	m.text(8, t.Name)
	m.bytes(9, raw)
	return m
}

func (v *Value) encode() message {
	var shape, tensor, kind, m message
	for i, d := range v.Shape {
		var dim message
		if d < 0 {
			dim.text(2, []string{"batch", "d1", "d2", "d3", "d4", "d5"}[min(i, 5)])
		} else {
			dim.int(1, d)
		}
		shape.bytes(1, dim)
	}
	tensor.int(1, float32s)
	tensor.bytes(2, shape)
	kind.bytes(1, tensor)
	m.text(1, v.Name)
	m.bytes(2, kind)
	return m
}
