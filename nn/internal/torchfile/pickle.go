package torchfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The unpickler knows the values that a state_dict consists of and nothing else: it can name a few classes of PyTorch
// but never calls anything.
type (
	global  string                // "torch FloatStorage"
	tuple   []any                 // also used for lists
	dict    []pair                // in order
	mark    struct{}              // on the stack
	object  struct{ state *dict } // an OrderedDict
	storage struct {
		dtype string // "FloatStorage"
		key   string
		count int
	}
)

type pair struct{ key, value any }

// tensor is _rebuild_tensor_v2(storage, offset, size, stride, ...).
type tensor struct {
	storage storage
	offset  int
	shape   []int
	stride  []int
}

// allowed are the names that a pickle may mention.
var allowed = map[global]bool{
	"collections OrderedDict": true, "torch._utils _rebuild_tensor_v2": true, "torch._utils _rebuild_parameter": true,
}

// limits keep hostile files from using memory without sending it.
const (
	maxDepth = 1 << 12
	maxMemo  = 1 << 20
	maxDims  = 8 // of a tensor
)

var errTruncated = errors.New("truncated")

type unpickler struct {
	in    *bytes.Reader
	stack []any
	memo  map[int]any
}

// unpickle runs a pickle and returns what it leaves.
func unpickle(raw []byte) (any, error) {
	u := &unpickler{in: bytes.NewReader(raw), memo: map[int]any{}}
	for {
		op, err := u.in.ReadByte()
		if err != nil {
			return nil, errTruncated
		}
		if op == '.' {
			return u.pop()
		}
		if err := u.step(op); err != nil {
			return nil, err
		}
		if len(u.stack) > maxMemo {
			return nil, errors.New("too many values")
		}
	}
}

func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return nil
}

func (u *unpickler) pop() (any, error) {
	if len(u.stack) == 0 {
		return nil, errors.New("the stack is empty")
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

// popMark returns everything above the last mark.
func (u *unpickler) popMark() (tuple, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(mark); ok {
			items := append(tuple{}, u.stack[i+1:]...)
			u.stack = u.stack[:i]
			return items, nil
		}
	}
	return nil, errors.New("no mark on the stack")
}

// popN returns the n top values, the deepest first.
func (u *unpickler) popN(n int) (tuple, error) {
	if len(u.stack) < n {
		return nil, errors.New("the stack is empty")
	}
	items := append(tuple{}, u.stack[len(u.stack)-n:]...)
	u.stack = u.stack[:len(u.stack)-n]
	return items, nil
}

func (u *unpickler) number(bytes int) (int, error) {
	var b [8]byte
	if n, _ := u.in.Read(b[:bytes]); n < bytes {
		return 0, errTruncated
	}
	v := binary.LittleEndian.Uint64(b[:])
	if v > math.MaxInt {
		return 0, errors.New("number out of range")
	}
	return int(v), nil
}

func (u *unpickler) text(bytes int) (string, error) {
	n, err := u.number(bytes)
	if err != nil {
		return "", err
	}
	if n > u.in.Len() {
		return "", errTruncated
	}
	b := make([]byte, n)
	u.in.Read(b)
	return string(b), nil
}

func (u *unpickler) line() (string, error) {
	var b []byte
	for {
		c, err := u.in.ReadByte()
		if err != nil {
			return "", errTruncated
		}
		if c == '\n' {
			return string(b), nil
		}
		b = append(b, c)
	}
}

// long is a little-endian number in two's complement.
func (u *unpickler) long() (any, error) {
	n, err := u.number(1)
	if err != nil {
		return nil, err
	}
	if n > 8 {
		return nil, errors.New("number out of range")
	}
	var v int64
	for i := range n {
		b, err := u.in.ReadByte()
		if err != nil {
			return nil, errTruncated
		}
		v |= int64(b) << (8 * i)
	}
	if n > 0 && n < 8 && v>>(8*n-1) == 1 {
		v -= 1 << (8 * n)
	}
	return int(v), nil
}

func (u *unpickler) global(name global) error {
	if !allowed[name] && storageWidth(name) == 0 {
		return fmt.Errorf("the file wants to use %q; only plain tensors are read", string(name))
	}
	return u.push(name)
}

func (u *unpickler) remember(at int) error {
	if len(u.stack) == 0 || len(u.memo) > maxMemo {
		return errors.New("nothing to remember")
	}
	u.memo[at] = u.stack[len(u.stack)-1]
	return nil
}
