package display

import "sync"

var renderers struct {
	sync.RWMutex
	all []func(v any) (Bundle, bool)
}

// Register adds a function that knows how to show values of types that don't know it themselves. It reports false for
// any other value. Later ones are asked first.
func Register(render func(v any) (Bundle, bool)) {
	renderers.Lock()
	defer renderers.Unlock()
	renderers.all = append(renderers.all, render)
}

// registered asks the registered functions.
func registered(v any) (Bundle, bool) {
	renderers.RLock()
	defer renderers.RUnlock()
	for i := len(renderers.all) - 1; i >= 0; i-- {
		if b, ok := renderers.all[i](v); ok {
			return b, true
		}
	}
	return Bundle{}, false
}
