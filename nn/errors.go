package nn

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/groupnb/groupnb/kernels"
)

// A ConfigError says why a layer, a model or an option can't exist as it was asked for.
type ConfigError struct {
	Op  string // "Conv2D"
	Msg string // "60 input channels are not divisible by 8 groups"
}

// Error says what can't be: "Conv2D: 60 input channels are not divisible by 8 groups".
func (e ConfigError) Error() string { return e.Op + ": " + e.Msg }

// A ShapeError says that a layer was given a tensor it can't take.
type ShapeError struct {
	Op   string // "Conv2D block1.conv2"
	Want string // "(N, 64, H, W)"
	Got  []int
	What string // what has the shape Got, if it is not the input
}

// Error says what does not fit: "Conv2D conv1: input is (2, 3, 28, 28), want (N, 1, H, W)".
func (e ShapeError) Error() string {
	return fmt.Sprintf("%s: %s is %s, want %s", e.Op, cmp.Or(e.What, "input"), shapeString(e.Got), e.Want)
}

func refuse(op, format string, args ...any) {
	panic(ConfigError{op, fmt.Sprintf(format, args...)})
}

// recovered turns the package's typed panics into an error and lets all others pass.
func recovered(err *error) {
	switch r := recover().(type) {
	case nil:
	case ConfigError:
		*err = r
	case ShapeError:
		*err = r
	case kernels.ShapeError:
		*err = r
	default:
		panic(r)
	}
}

// refuseShape panics if a kernel's check of an input of that shape failed.
func refuseShape(op string, shape []int, err error) {
	if err == nil {
		return
	}
	problem := err.Error()
	if e, ok := errors.AsType[kernels.ShapeError](err); ok {
		problem = e.Problem
	}
	refuse(op, "input %s: %s", shapeString(shape), problem)
}
