package rt

// The states of a range over a function that lowered cells keep; positive ones tell how the body left the loop.
const (
	bodyRuns = -1 // and has panicked, if it is seen outside the body
	loopOver = -2
)

// RangeDone panics as Go does when an iterator calls the body of a loop that is not to go on.
func RangeDone(state int) {
	switch state {
	case bodyRuns:
		panic(&RuntimeError{"range function continued iteration after loop body panic"})
	case loopOver:
		panic(&RuntimeError{"range function continued iteration after whole loop exit"})
	}
	panic(&RuntimeError{"range function continued iteration after function for loop body returned false"})
}

// RangeEnd ends the loop after the call of its iterator and tells how the body left it, 0 if it did not.
func RangeEnd(state *int) int {
	how := *state
	if how == bodyRuns {
		panic(&RuntimeError{"range function recovered a loop body panic and did not resume panicking"})
	}
	*state = loopOver
	return how
}
