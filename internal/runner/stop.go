package runner

import (
	"context"
	"fmt"
	"time"
)

// A Stop is the reason why a run ended early. It is the cause with which a context is cancelled, and what the
// interrupted cell shows as its error.
type Stop struct {
	Name  string // "Interrupted", "Terminated" or "Timeout"
	What  string // what was stopped by a Timeout: "cell" or "notebook"
	Limit time.Duration
}

// Interrupted is the cause after SIGINT, Terminated that after SIGTERM.
var (
	Interrupted = &Stop{Name: "Interrupted"}
	Terminated  = &Stop{Name: "Terminated"}
)

func timeout(what string, limit time.Duration) *Stop {
	return &Stop{Name: "Timeout", What: what, Limit: limit}
}

func (s *Stop) Error() string {
	switch s.Name {
	case "Timeout":
		return fmt.Sprintf("the %s did not finish within %s", s.What, s.Limit)
	case "Terminated":
		return "stopped by SIGTERM"
	}
	return "stopped by SIGINT"
}

func stopOf(ctx context.Context) *Stop {
	if s, ok := context.Cause(ctx).(*Stop); ok {
		return s
	}
	return Interrupted
}
