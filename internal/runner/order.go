package runner

import "sync"

// An Order lets notebooks run side by side and tells of them one after another: what has to appear in order - the
// output of cells and how notebooks ended - waits until all notebooks before are finished. What only shows that
// something is going on doesn't wait.
type Order struct {
	observe func(Event)

	mu      sync.Mutex
	current int
	waiting map[int][]Event
	ended   map[int]bool
}

// NewOrder returns an Order that tells observe.
func NewOrder(observe func(Event)) *Order {
	return &Order{observe: observe, waiting: map[int][]Event{}, ended: map[int]bool{}}
}

// Observer returns the observer of the i-th notebook, from 0.
func (o *Order) Observer(i int) func(Event) {
	return func(e Event) {
		o.mu.Lock()
		defer o.mu.Unlock()
		switch e.(type) {
		case Started, CellStarted:
			o.observe(e)
			return
		}
		o.waiting[i] = append(o.waiting[i], e)
		if _, ok := e.(Finished); ok {
			o.ended[i] = true
		}
		o.flush()
	}
}

func (o *Order) flush() {
	for {
		for _, e := range o.waiting[o.current] {
			o.observe(e)
		}
		delete(o.waiting, o.current)
		if !o.ended[o.current] {
			return
		}
		o.current++
	}
}
