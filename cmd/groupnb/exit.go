package main

import (
	"errors"
	"slices"

	"github.com/groupnb/groupnb/internal/runner"
	"github.com/groupnb/groupnb/repl"
)

// Exit codes. The greater problem wins when there are several.
const (
	exitOK          = 0
	exitFailed      = 1   // a cell failed
	exitUsage       = 2   // wrong usage, unreadable input, unwritable output, bad parameter
	exitDiffer      = 3   // outputs differ from the stored ones (test), files are not clean (fmt -l, strip --check)
	exitDied        = 4   // a worker was killed from outside or could not be started
	exitTimeout     = 124 // a time limit was exceeded
	exitInterrupted = 130 // SIGINT
	exitTerminated  = 143 // SIGTERM
)

// An exitError ends the command. With a nil err the code says all, since the report has told the rest.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error, hint string) error { return &exitError{code: exitUsage, err: err, hint: hint} }

// exitCode returns the code for how a notebook's run ended.
func exitCode(r runner.Result) int {
	switch {
	case r.Stop == runner.Interrupted:
		return exitInterrupted
	case r.Stop == runner.Terminated:
		return exitTerminated
	}
	code := exitOK
	if r.Err != nil {
		code = exitDied
		if r.Unsaved {
			code = exitUsage
		}
	}
	if r.Stop != nil { // a time limit, perhaps between two cells
		code = worse(code, exitTimeout)
	}
	if len(r.Differences) > 0 {
		code = worse(code, exitDiffer)
	}
	for _, f := range r.Failures {
		code = worse(code, failureCode(f))
	}
	return code
}

func failureCode(f runner.Failure) int {
	switch {
	case f.Stop != nil:
		return exitTimeout
	case errors.Is(f.Err, runner.ErrNoFailure):
		return exitFailed
	case f.Cell == nil || f.Cell.Name == repl.Killed:
		return exitDied
	}
	return exitFailed
}

// severity orders exit codes from harmless to what says most.
var severity = []int{exitOK, exitDiffer, exitFailed, exitUsage, exitDied, exitTimeout, exitTerminated, exitInterrupted}

func worse(a, b int) int {
	if slices.Index(severity, a) >= slices.Index(severity, b) {
		return a
	}
	return b
}

// asExit makes an exitError of any error; those that don't say otherwise are about usage.
func asExit(err error) *exitError {
	var e *exitError
	if errors.As(err, &e) {
		return e
	}
	return &exitError{code: exitUsage, err: err}
}
