package jupyter

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAStoppedQueueAbortsWhatComesRightBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		arrives := func() *request {
			r := &request{arrived: time.Now()}
			q.put(t.Context(), r)
			return r
		}
		stopped := make(chan struct{})
		first := arrives()
		go func() { q.stop(t.Context()); close(stopped) }()
		time.Sleep(quietTime - time.Nanosecond)
		behind := arrives()
		<-stopped
		late := arrives()
		if !q.aborted(first) || !q.aborted(behind) || q.aborted(late) {
			t.Errorf("aborted: the first %v, behind it %v, late %v; want true true false", q.aborted(first), q.aborted(behind), q.aborted(late))
		}
	})
}

func TestAQueueThatIsNeverQuietStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		begin := time.Now()
		stopped := make(chan struct{})
		go func() { q.stop(t.Context()); close(stopped) }()
		for {
			q.put(t.Context(), &request{arrived: time.Now()})
			select {
			case <-stopped:
				if took := time.Since(begin); took != quietLimit {
					t.Errorf("it took %v, want %v", took, quietLimit)
				}
				return
			case <-time.After(quietTime / 2):
			}
		}
	})
}
