package torchfile

import (
	"errors"
	"fmt"
	"math"
)

// step executes one instruction.
func (u *unpickler) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		_, err := u.number(1)
		return err
	case 0x95: // FRAME
		_, err := u.number(8)
		return err
	case '(':
		return u.push(mark{})
	case '}':
		return u.push(&dict{})
	case ']', ')':
		return u.push(tuple{})
	case 'N':
		return u.push(nil)
	case 0x88:
		return u.push(true)
	case 0x89:
		return u.push(false)
	case '0': // POP
		_, err := u.pop()
		return err
	}
	if done, err := u.scalar(op); done {
		return err
	}
	if done, err := u.remembered(op); done {
		return err
	}
	return u.build(op)
}

// scalar pushes numbers and strings.
func (u *unpickler) scalar(op byte) (done bool, err error) {
	var v any
	switch op {
	case 'K':
		v, err = u.number(1)
	case 'M':
		v, err = u.number(2)
	case 'J':
		var n int
		n, err = u.number(4)
		v = int(int32(uint32(n)))
	case 0x8a:
		v, err = u.long()
	case 'G':
		_, err = u.number(7)
		if err == nil {
			_, err = u.number(1)
		}
		v = math.NaN() // big-endian doubles occur only in settings, which nobody reads
	case 'X':
		v, err = u.text(4)
	case 0x8c:
		v, err = u.text(1)
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	return true, u.push(v)
}

// remembered stores in and fetches from the memo.
func (u *unpickler) remembered(op byte) (done bool, err error) {
	width := map[byte]int{'q': 1, 'r': 4, 'h': 1, 'j': 4, 0x94: 0}
	n, ok := width[op]
	if !ok {
		return false, nil
	}
	at := len(u.memo)
	if n > 0 {
		if at, err = u.number(n); err != nil {
			return true, err
		}
	}
	if op == 'h' || op == 'j' {
		v, ok := u.memo[at]
		if !ok {
			return true, fmt.Errorf("nothing was remembered as %d", at)
		}
		return true, u.push(v)
	}
	return true, u.remember(at)
}

// build makes compound values.
func (u *unpickler) build(op byte) error {
	switch op {
	case 'c':
		module, err := u.line()
		if err != nil {
			return err
		}
		name, err := u.line()
		if err != nil {
			return err
		}
		return u.global(global(module + " " + name))
	case 0x93:
		v, err := u.popN(2)
		if err != nil {
			return err
		}
		module, isText := v[0].(string)
		name, isName := v[1].(string)
		if !isText || !isName {
			return fmt.Errorf("a name made of %T and %T", v[0], v[1])
		}
		return u.global(global(module + " " + name))
	case 't', 0x85, 0x86, 0x87:
		return u.tuple(op)
	case 'Q':
		return u.persistent()
	case 'R':
		return u.reduce()
	case 's', 'u', 'a', 'e':
		return u.fill(op)
	case 'b':
		return u.setState()
	}
	return fmt.Errorf("instruction %#02x is not one that state_dicts need", op)
}

func (u *unpickler) tuple(op byte) error {
	var items tuple
	var err error
	if op == 't' {
		items, err = u.popMark()
	} else {
		items, err = u.popN(int(op - 0x84))
	}
	if err != nil {
		return err
	}
	if len(items) > maxDepth {
		return errors.New("too long a tuple")
	}
	return u.push(items)
}

// fill puts items into the dictionary or list below them.
func (u *unpickler) fill(op byte) error {
	var items tuple
	var err error
	switch op {
	case 's':
		items, err = u.popN(2)
	case 'a':
		items, err = u.popN(1)
	default:
		items, err = u.popMark()
	}
	if err != nil {
		return err
	}
	if len(u.stack) == 0 {
		return errors.New("nothing to fill")
	}
	top := u.stack[len(u.stack)-1]
	if op == 'a' || op == 'e' {
		list, ok := top.(tuple)
		if !ok {
			return fmt.Errorf("can't append to %T", top)
		}
		u.stack[len(u.stack)-1] = append(list, items...)
		return nil
	}
	d, ok := top.(*dict)
	if o, is := top.(object); is {
		d, ok = o.state, true
	}
	if !ok || len(items)%2 != 0 {
		return fmt.Errorf("can't set items of %T", top)
	}
	for i := 0; i < len(items); i += 2 {
		*d = append(*d, pair{items[i], items[i+1]})
	}
	return nil
}

// setState accepts the attributes of an OrderedDict, which hold versions that nobody needs.
func (u *unpickler) setState() error {
	v, err := u.popN(2)
	if err != nil {
		return err
	}
	if _, ok := v[0].(object); !ok {
		return fmt.Errorf("can't set the state of %T", v[0])
	}
	return u.push(v[0])
}

// persistent turns ("storage", type, key, location, count) into a storage.
func (u *unpickler) persistent() error {
	v, err := u.pop()
	if err != nil {
		return err
	}
	id, ok := v.(tuple)
	if !ok || len(id) < 5 || id[0] != "storage" {
		return errors.New("a reference that is not a storage")
	}
	kind, ok1 := id[1].(global)
	key, ok2 := id[2].(string)
	count, ok3 := id[4].(int)
	if !ok1 || !ok2 || !ok3 || storageWidth(kind) == 0 || count < 0 {
		return fmt.Errorf("a storage of %T, %T, %T", id[1], id[2], id[4])
	}
	return u.push(storage{string(kind), key, count})
}

// reduce makes the three things that a state_dict calls for.
func (u *unpickler) reduce() error {
	v, err := u.popN(2)
	if err != nil {
		return err
	}
	args, ok := v[1].(tuple)
	if !ok {
		return errors.New("arguments that are not a tuple")
	}
	switch v[0] {
	case global("collections OrderedDict"):
		return u.push(object{&dict{}})
	case global("torch._utils _rebuild_parameter"):
		if len(args) < 1 {
			return errors.New("a parameter without a tensor")
		}
		return u.push(args[0])
	case global("torch._utils _rebuild_tensor_v2"):
		t, err := rebuild(args)
		if err != nil {
			return err
		}
		return u.push(t)
	}
	return fmt.Errorf("can't call a %T", v[0])
}

func rebuild(args tuple) (t tensor, err error) {
	if len(args) < 4 {
		return t, errors.New("a tensor without its shape")
	}
	s, ok1 := args[0].(storage)
	offset, ok2 := args[1].(int)
	shape, ok3 := ints(args[2])
	stride, ok4 := ints(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(stride) || len(shape) > maxDims || offset < 0 {
		return t, errors.New("a tensor with impossible arguments")
	}
	return tensor{s, offset, shape, stride}, nil
}

func ints(v any) ([]int, bool) {
	items, ok := v.(tuple)
	if !ok {
		return nil, false
	}
	out := make([]int, len(items))
	for i, x := range items {
		if out[i], ok = x.(int); !ok || out[i] < 0 {
			return nil, false
		}
	}
	return out, true
}
