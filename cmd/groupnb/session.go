package main

import (
	"context"

	"github.com/groupnb/groupnb/internal/magic"
	"github.com/groupnb/groupnb/repl"
)

// startSession starts a session that knows the commands of notebooks.
func startSession(ctx context.Context, o repl.Options) (*magic.Session, error) {
	s, err := repl.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return magic.Wrap(s), nil
}
