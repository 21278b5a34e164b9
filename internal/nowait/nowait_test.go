package nowait

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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

func TestStreamWaits(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reads, errR := NewStream(r)
	writes, errW := NewStream(w)
	if errR != nil || errW != nil {
		t.Fatal(errR, errW)
	}
	sent := bytes.Repeat([]byte("more than a pipe holds "), 1<<15)
	go func() {
		time.Sleep(10 * time.Millisecond) // the reader waits
		if n, err := writes.Write(sent); n != len(sent) || err != nil {
			t.Errorf("wrote %d of %d, %v", n, len(sent), err)
		}
		writes.Close()
	}()
	if got, err := io.ReadAll(reads); !bytes.Equal(got, sent) || err != nil {
		t.Errorf("%d bytes of %d, %v", len(got), len(sent), err)
	}
	reads.Close()
	if n, err := reads.Read(sent); n != 0 || err == nil || err == io.EOF {
		t.Errorf("closed: %d, %v", n, err)
	}
}

// What has arrived while all slept may begin a loop without an end. What arrives after that must be read all the same.
func TestReadWhileALoopRuns(t *testing.T) {
	var streams [2]*Stream
	cmd := exec.Command("sh", "-c", "sleep 0.1; echo >&3; sleep 0.1; echo >&4; exec sleep 10") // who writes must not be awake here
	for i := range streams {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, w)
		if streams[i], err = NewStream(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var stop atomic.Bool
	read := make(chan bool, 1)
	go func() {
		streams[0].Read(make([]byte, 1))
		for !stop.Load() {
		}
	}()
	go func() {
		streams[1].Read(make([]byte, 1))
		read <- true
	}()
	select {
	case <-read:
		cmd.Process.Kill()
		<-ended
	case err := <-ended:
		t.Errorf("the program that writes has ended before its second line was read: %v", err)
	}
	stop.Store(true)
}

func TestStreamOfNobody(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s, err := NewStream(w)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if n, err := s.Write([]byte("x")); n != 0 || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("nobody reads: %d, %v", n, err)
	}
	var none *Stream
	if err := none.Close(); err != os.ErrInvalid {
		t.Errorf("no stream: %v", err)
	}
	if _, err := NewStream((*os.File)(nil)); err == nil {
		t.Error("a stream of no file")
	}
}

func TestStreamKeepsDeadlines(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	s, err := NewStream(r)
	if err != nil {
		t.Fatal(err)
	}
	r.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestIsOpen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fd := int(r.Fd())
	if !IsOpen(fd) {
		t.Error("an open one")
	}
	if r.Close(); IsOpen(fd) {
		t.Error("a closed one")
	}
}
