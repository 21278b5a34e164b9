package repl

import (
	"bytes"
	"testing"
	"time"
)

// A pipe is waited for until there is something in it, again and again, or until it ends.
func TestWaiter(t *testing.T) {
	r, w, err := unwatchedPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ready, err := newWaiter(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer ready.close()
	woken := make(chan bool)
	wait := func() {
		go func() {
			ready.wait()
			woken <- true
		}()
	}
	wakes := func(why string) {
		t.Helper()
		select {
		case <-woken:
		case <-time.After(10 * time.Second):
			t.Fatal("no end of the wait: " + why)
		}
	}
	sleeps := func(why string) {
		t.Helper()
		select {
		case <-woken:
			t.Fatal("an end of the wait: " + why)
		case <-time.After(20 * time.Millisecond):
		}
	}
	b := make([]byte, 10)
	for range 3 {
		wait()
		sleeps("nothing is there")
		w.Write([]byte("x"))
		wakes("a byte came")
		wait()
		wakes("a byte is there")
		r.Read(b)
		w.Write([]byte("x")) // while nobody waits
		r.Read(b)
	}
	wait()
	sleeps("all is read")
	w.Close()
	wakes("the end came")
	wait()
	wakes("the end is there")
}

// While somebody takes what a cell prints, no more than twice what is much waits for it.
func TestAFloodWaitsUntilItIsTaken(t *testing.T) {
	const total = 20 * much
	j := newJournal(2 * total)
	j.drain(true)
	printed := make(chan bool)
	go func() {
		for p := bytes.Repeat([]byte("x"), much/3); j.printed < total; {
			j.print("stdout", p)
		}
		close(printed)
	}()
	var got int
	take := func() {
		for _, e := range j.take(false) {
			n := len(e.(Stream).Text)
			if n > 2*much {
				t.Errorf("%d bytes wait", n)
			}
			got += n
		}
	}
	for ended := false; !ended; {
		select {
		case <-j.full:
			take()
		case <-printed:
			ended = true
		}
	}
	take()
	if int64(got) != j.printed {
		t.Errorf("%d of %d bytes", got, j.printed)
	}
}

// When nobody takes anything any more, nobody waits.
func TestAFloodWaitsForNobody(t *testing.T) {
	j := newJournal(10 * much)
	j.drain(true)
	printed := make(chan bool)
	go func() {
		defer close(printed)
		for range 5 {
			j.print("stdout", make([]byte, much))
		}
	}()
	j.drain(false)
	select {
	case <-printed:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
}
