package main

import (
	"context"
	"errors"
	"time"

	"github.com/groupnb/groupnb/nn"
)

// same deals out one batch for ever.
type same struct{ batch nn.Batch }

func (same) Len() int                { return 1 << 20 }
func (same) Start(uint64, int)       {}
func (s same) Next(b *nn.Batch) bool { *b = s.batch; return true }

var errStop = errors.New("time is up")

// until is a context that ends at a deadline, once there were enough steps.
type until struct {
	deadline time.Time
	enough   bool
}

func (u *until) Err() error {
	if u.enough && !time.Now().Before(u.deadline) {
		return errStop
	}
	return nil
}

func (u *until) Deadline() (time.Time, bool) { return u.deadline, true }
func (u *until) Done() <-chan struct{}       { return nil }
func (u *until) Value(any) any               { return nil }

var _ context.Context = (*until)(nil)
