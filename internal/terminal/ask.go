package terminal

import (
	"context"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Ask lets a cell read a line from the terminal; with password it isn't echoed. The end of ctx ends the waiting
// without taking anything that is typed later.
func (e *Readline) Ask(ctx context.Context, prompt string, password bool) (string, error) {
	io.WriteString(os.Stdout, prompt)
	if password {
		restore := withoutEcho(int(os.Stdin.Fd()))
		defer restore()
		defer io.WriteString(os.Stdout, "\n")
	}
	return readLine(ctx, os.Stdin)
}

// readLine reads up to the line's end, byte by byte since what follows is not ours.
func readLine(ctx context.Context, in *os.File) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	defer w.Close()
	defer context.AfterFunc(ctx, func() { w.Write([]byte{0}) })()
	var line strings.Builder
	for b := make([]byte, 1); ; {
		if err := readable(ctx, in, r); err != nil {
			return line.String(), err
		}
		n, err := in.Read(b)
		if n == 1 && b[0] == '\n' {
			return line.String(), nil
		}
		line.Write(b[:n])
		if err != nil {
			return line.String(), err
		}
	}
}

// readable waits until in can be read, or wake can, which stands for the end of ctx.
func readable(ctx context.Context, in, wake *os.File) error {
	fds := []unix.PollFd{{Fd: int32(in.Fd()), Events: unix.POLLIN}, {Fd: int32(wake.Fd()), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == unix.EINTR:
		default:
			return err
		}
	}
}
