package notebook

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// appendJSON appends v as Jupyter writes it: sorted keys, one space of indentation for each level, nothing escaped
// that JSON doesn't require. encoding/json escapes U+2028 and U+2029 whatever it is told, hence this writer.
func appendJSON(b []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case json.Number:
		return append(b, v...)
	case string:
		return appendString(b, v)
	case []any:
		return appendList(b, len(v), depth, '[', ']', func(b []byte, i int) []byte {
			return appendJSON(b, v[i], depth+1)
		})
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		return appendList(b, len(keys), depth, '{', '}', func(b []byte, i int) []byte {
			b = append(appendString(b, keys[i]), ": "...)
			return appendJSON(b, v[keys[i]], depth+1)
		})
	}
	return appendOther(b, v, depth)
}

// appendOther goes through encoding/json for types that callers put into metadata, such as []string or float64.
func appendOther(b []byte, v any, depth int) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("notebook: metadata holds a value without a JSON form: %v", err))
	}
	plain, err := parseJSON(data)
	if err != nil {
		panic(err) // Marshal's result is JSON
	}
	return appendJSON(b, plain, depth)
}

func appendList(b []byte, n, depth int, open, end byte, item func([]byte, int) []byte) []byte {
	b = append(b, open)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = indent(b, depth+1)
		b = item(b, i)
	}
	if n > 0 {
		b = indent(b, depth)
	}
	return append(b, end)
}

func indent(b []byte, depth int) []byte {
	b = append(b, '\n')
	for range depth {
		b = append(b, ' ')
	}
	return b
}

func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	short := map[byte]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		if e, ok := short[c]; ok {
			b = append(b, '\\', e)
		} else {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
