// Package bench measures the kernels: shapes.txt lists the convolutions, `go test -bench . ./kernels/bench` times ours, and
// the command in compare sets them against other libraries.
package bench

import (
	"bufio"
	_ "embed"
	"fmt"
	"strings"

	"github.com/groupnb/groupnb/kernels"
)

// Shape is one line of shapes.txt.
type Shape struct {
	Name                                            string
	N, InC, OutC, Groups, H, W, Kernel, Stride, Pad int
}

//go:embed shapes.txt
var shapesText string

// Shapes returns the lines of shapes.txt.
func Shapes() ([]Shape, error) {
	var all []Shape
	for s := bufio.NewScanner(strings.NewReader(shapesText)); s.Scan(); {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		var h Shape
		_, err := fmt.Sscan(line, &h.Name, &h.N, &h.InC, &h.OutC, &h.Groups, &h.H, &h.W, &h.Kernel, &h.Stride, &h.Pad)
		if err != nil {
			return nil, fmt.Errorf("shapes.txt: %q: %w", line, err)
		}
		all = append(all, h)
	}
	return all, nil
}

// Conv is the shape as a convolution of n images.
func (h Shape) Conv(n int) kernels.Conv {
	return kernels.Conv{N: n, InC: h.InC, OutC: h.OutC, Groups: h.Groups, In: [3]int{1, h.H, h.W}, Kernel: [3]int{1, h.Kernel, h.Kernel},
		Stride: [3]int{1, h.Stride, h.Stride}, PadLo: [3]int{0, h.Pad, h.Pad}, PadHi: [3]int{0, h.Pad, h.Pad}}
}
