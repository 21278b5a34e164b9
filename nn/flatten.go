package nn

// Flatten turns (N, ...) into (N, everything else).
func Flatten() Layer { return &flatten{} }

type flatten struct{ plain }

func (f *flatten) Graph(g *Graph, x Value) Value { return g.add(f, x) }

func (*flatten) stem() string          { return "flatten" }
func (*flatten) kind() string          { return "Flatten" }
func (*flatten) shape(x [][]int) []int { return []int{x[0][0], size(x[0][1:])} }
func (*flatten) traits() traits        { return traits{view: true} }
func (*flatten) forward(*call)         {}
func (*flatten) backward(*call)        {}
