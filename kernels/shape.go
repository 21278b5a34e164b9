package kernels

import "fmt"

// ShapeError is what every kernel panics with when a configuration or the length of a slice is impossible.
// It is a mistake of the program, so kernels do not return it; Check methods do.
type ShapeError struct {
	Op      string // the operation, e.g. "Conv.Forward"
	Problem string // what does not fit, with both numbers
}

func (e ShapeError) Error() string { return "kernels: " + e.Op + ": " + e.Problem }

// checkLen panics unless the slice called name holds exactly want elements.
func checkLen(op, name string, got, want int) {
	if got != want {
		panic(ShapeError{op, fmt.Sprintf("%s holds %d values, want %d", name, got, want)})
	}
}

// checkOptional is checkLen for an argument that may be nil.
func checkOptional(op, name string, s []float32, want int) {
	if s != nil {
		checkLen(op, name, len(s), want)
	}
}

func shapeErrorf(op, format string, args ...any) ShapeError {
	return ShapeError{op, fmt.Sprintf(format, args...)}
}
