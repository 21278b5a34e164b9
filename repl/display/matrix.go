package display

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// matrix is what the matrices and vectors of gonum have in common.
type matrix interface {
	Dims() (rows, columns int)
	At(row, column int) float64
}

// Larger matrices are cut to so much.
const maxRows, maxColumns = 24, 12

// ofMatrix lays a matrix out in aligned columns.
func ofMatrix(m matrix) Bundle {
	rows, columns := m.Dims()
	var b strings.Builder
	fmt.Fprintf(&b, "%dx%d\n", rows, columns)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i := range min(rows, maxRows) {
		for j := range min(columns, maxColumns) {
			fmt.Fprintf(w, "%.5g\t", m.At(i, j))
		}
		if columns > maxColumns {
			fmt.Fprint(w, "...\t")
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	if rows > maxRows {
		b.WriteString("  ...\n")
	}
	return NewText(strings.TrimSuffix(b.String(), "\n"))
}
