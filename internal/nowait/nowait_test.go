package nowait

import (
	"bytes"
	"syscall"
	"testing"
)

func TestReadAndWrite(t *testing.T) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		defer syscall.Close(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 1<<20)
	if n, err := Read(fds[0], b); n != -1 || err != syscall.EAGAIN {
		t.Errorf("an empty pipe: %d, %v", n, err)
	}
	sent := bytes.Repeat([]byte("ab"), 1<<19)
	n, err := Write(fds[1], sent)
	if n <= 0 || n >= len(sent) || err != nil {
		t.Errorf("more than a pipe holds: %d, %v", n, err)
	}
	if got, err := Read(fds[0], b); got != n || err != nil || !bytes.Equal(b[:got], sent[:n]) {
		t.Errorf("read %d of %d, %v", got, n, err)
	}
	if n, err := Write(fds[1], nil); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
	if n, err := Read(-1, b); n != -1 || err != syscall.EBADF {
		t.Errorf("no descriptor: %d, %v", n, err)
	}
}
