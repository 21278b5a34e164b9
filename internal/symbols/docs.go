package symbols

import (
	"strings"
	"sync"
)

var docs = struct {
	sync.Mutex
	packages map[string]map[string]string
}{packages: map[string]map[string]string{}}

// Doc returns the doc comment of a name that package path exports: "Name", "Type.Method", "Type.Field", or "" for the
// package itself. Path "builtin" has the predeclared names. It reports false where there is no comment.
func Doc(path, name string) (string, bool) {
	docs.Lock()
	defer docs.Unlock()
	texts := docs.packages[path]
	if texts == nil {
		texts = map[string]string{}
		if data, err := read("doc/" + path); err == nil {
			fields := strings.Split(string(data), "\x00")
			for i := 0; i+1 < len(fields); i += 2 {
				texts[fields[i]] = fields[i+1]
			}
		}
		docs.packages[path] = texts
	}
	text, ok := texts[name]
	return text, ok
}
