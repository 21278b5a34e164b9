package nn

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/kernels"
	"github.com/groupnb/groupnb/nn/internal/npz"
	"github.com/groupnb/groupnb/nn/internal/safetensors"
	"github.com/groupnb/groupnb/nn/internal/torchfile"
)

// weightFile is a file of named tensors.
type weightFile interface {
	Names() []string
	Shape(name string) ([]int, bool)
	Read(name string, dst []float32) error
}

// entry is a tensor of the model's state: a parameter, which may not have a value yet, or a running statistic.
type entry struct {
	name  string
	shape []int
	param *Param
	value *Tensor
}

// state lists parameters and running statistics in the order of the layers.
func (m *Model) state() []entry {
	m.name()
	var all []entry
	for _, n := range m.graph.nodes {
		for _, p := range n.op.params() {
			all = append(all, entry{p.Name, p.Shape, p, p.Value})
		}
		for _, b := range n.op.buffers() {
			all = append(all, entry{b.Name, b.Value.Shape, nil, b.Value})
		}
	}
	return all
}

// set gives an entry new numbers.
func (e entry) set(data []float32) {
	if e.value != nil {
		e.value.Data = data
		return
	}
	e.param.Value = &Tensor{Data: data, Shape: slices.Clone(e.shape)}
}

// Save writes parameters and running statistics to a file whose ending says the format: .safetensors, .npz (NumPy) or
// .pt (PyTorch). The file is there whole or not at all.
func (m *Model) Save(path string) error {
	m.prepare()
	var write func(io.Writer) error
	switch filepath.Ext(path) {
	case ".safetensors":
		write = m.writeSafetensors
	case ".npz":
		write = func(w io.Writer) error { return m.writeArchive(npz.NewWriter(w)) }
	case ".pt", ".pth":
		write = func(w io.Writer) error { return m.writeArchive(torchfile.NewWriter(w)) }
	default:
		return fmt.Errorf("save %s: the ending must be .safetensors, .npz or .pt", path)
	}
	if err := replaceFile(path, write); err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}

func (m *Model) writeSafetensors(w io.Writer) error {
	var entries []safetensors.Entry
	for _, e := range m.state() {
		entries = append(entries, safetensors.Entry{Name: e.name, Shape: e.shape, Float32: e.value.Data})
	}
	return safetensors.Write(w, entries, map[string]string{"format": "pt"})
}

func (m *Model) writeArchive(w interface {
	Write(name string, shape []int, data []float32) error
	Close() error
}) error {
	for _, e := range m.state() {
		if err := w.Write(e.name, e.shape, e.value.Data); err != nil {
			return err
		}
	}
	return w.Close()
}

// A LoadOption adjusts [Model.Load].
type LoadOption func(*loadConfig)

type loadConfig struct {
	partial bool
	rename  func(string) string
	except  []string
}

// Matching loads the tensors that agree in name and shape and leaves the others as they are, instead of refusing.
func Matching() LoadOption { return func(c *loadConfig) { c.partial = true } }

// Except leaves the named layers ("fc") as they are, whatever the file has of them; all others must fit. It is for a trained network
// that gets a new last layer. A name of no layer is an error.
func Except(layers ...string) LoadOption {
	return func(c *loadConfig) { c.except = append(c.except, layers...) }
}

// leaves says that a tensor is not to be loaded.
func (c loadConfig) leaves(name string) bool {
	return slices.ContainsFunc(c.except, func(l string) bool { return isIn(name, l) })
}

// Rename turns the names in the file into the model's: nn.Rename(func(s string) string { return strings.TrimPrefix(s,
// "module.") }). An empty name leaves the tensor out.
func Rename(f func(name string) string) LoadOption { return func(c *loadConfig) { c.rename = f } }

// Load fills parameters and running statistics from a .safetensors, .npz or .pt file by name, turning numbers of any
// type into float32. Unless the file holds exactly the model's tensors (PyTorch's num_batches_tracked aside) it returns
// an error that lists what is missing, superfluous or of another shape, and changes nothing. Files are not trusted.
func (m *Model) Load(path string, opts ...LoadOption) (err error) {
	defer recovered(&err)
	var c loadConfig
	for _, o := range opts {
		o(&c)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer f.Close()
	w, err := parseWeights(f, filepath.Ext(path))
	if err == nil {
		err = m.load(w, c)
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}

func parseWeights(f *os.File, ending string) (weightFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return parseWeightsAt(f, info.Size(), ending)
}

func parseWeightsAt(f io.ReaderAt, size int64, ending string) (weightFile, error) {
	switch ending {
	case ".safetensors":
		return safetensors.Parse(f, size)
	case ".npz":
		return npz.Parse(f, size)
	case ".pt", ".pth":
		return torchfile.Parse(f, size)
	}
	return nil, fmt.Errorf("the ending must be .safetensors, .npz or .pt")
}

// load matches names first and changes the model only when everything has been read.
func (m *Model) load(f weightFile, c loadConfig) error {
	source := map[string]string{} // name in the model -> name in the file
	for _, name := range f.Names() {
		to := name
		if c.rename != nil {
			to = c.rename(name)
		}
		if to != "" && !strings.HasSuffix(to, "num_batches_tracked") && !c.leaves(to) {
			source[to] = name
		}
	}
	entries := m.state()
	for _, l := range c.except {
		if !slices.ContainsFunc(entries, func(e entry) bool { return isIn(e.name, l) }) {
			return fmt.Errorf("except: no layer %q has weights; the layers are %s", l, summarise(m.graph.names))
		}
	}
	entries = slices.DeleteFunc(entries, func(e entry) bool { return c.leaves(e.name) })
	fits, problems := match(entries, f, source)
	if len(problems) > 0 && (!c.partial || len(fits) == 0) {
		return mismatch(problems)
	}
	data := room(fits)
	err := inTurns(len(fits), func(i int) error { return f.Read(source[fits[i].name], data[i]) })
	if err != nil {
		return err
	}
	for i, e := range fits {
		e.set(data[i])
	}
	return nil
}

// room is new memory for entries: one piece, because large pages make it cheap to touch for the first time.
func room(entries []entry) [][]float32 {
	const line = 64 / 4 // each entry begins a cache line
	total := 0
	data := make([][]float32, len(entries))
	for _, e := range entries {
		total += (size(e.shape) + line - 1) / line * line
	}
	rest := kernels.Alloc(total)
	for i, e := range entries {
		n := size(e.shape)
		data[i], rest = rest[:n:n], rest[(n+line-1)/line*line:]
	}
	return data
}

// inTurns calls f(0) .. f(n-1) on as many threads as kernels use, which take turns, and returns the first error of the least i.
func inTurns(n int, f func(i int) error) error {
	errs := make([]error, n)
	threads := kernels.Threads()
	kernels.Parallel(threads, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			for i := t; i < n; i += threads {
				errs[i] = f(i)
			}
		}
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// match finds the entries that the file has in the right shape, and says what is wrong with the others.
func match(entries []entry, f weightFile, source map[string]string) (fits []entry, problems []string) {
	extra := maps.Clone(source)
	for _, e := range entries {
		name, ok := source[e.name]
		delete(extra, e.name)
		if !ok {
			problems = append(problems, fmt.Sprintf("%s %s is missing", e.name, shapeString(e.shape)))
			continue
		}
		if shape, _ := f.Shape(name); !slices.Equal(shape, e.shape) {
			problems = append(problems, fmt.Sprintf("%s is %s in the file and %s in the model", e.name, shapeString(shape), shapeString(e.shape)))
			continue
		}
		fits = append(fits, e)
	}
	for name := range extra {
		problems = append(problems, name+" is not in the model")
	}
	return fits, problems
}

func mismatch(problems []string) error {
	const most = 12
	slices.Sort(problems)
	n := len(problems)
	if n > most {
		problems = append(problems[:most:most], fmt.Sprintf("and %d more", n-most))
	}
	return fmt.Errorf("%d tensors don't fit: %s", n, strings.Join(problems, "; "))
}
