package rt

import (
	"reflect"
	"sync"
)

// Lock is (*sync.Mutex).Lock, ended by an interrupt of the cell that waits.
func Lock(mu *sync.Mutex) {
	if !mu.TryLock() {
		wait(mu.Lock, mu.Unlock)
	}
}

// WriteLock is (*sync.RWMutex).Lock.
func WriteLock(mu *sync.RWMutex) {
	if !mu.TryLock() {
		wait(mu.Lock, mu.Unlock)
	}
}

// ReadLock is (*sync.RWMutex).RLock.
func ReadLock(mu *sync.RWMutex) {
	if !mu.TryRLock() {
		wait(mu.RLock, mu.RUnlock)
	}
}

// LockLocker is sync.Locker.Lock. A type of a cell waits in code of the cell.
func LockLocker(l sync.Locker) {
	switch mu := l.(type) {
	case *sync.Mutex:
		Lock(mu)
	case *sync.RWMutex:
		WriteLock(mu)
	default:
		if reflect.TypeOf(l) == readLocker {
			wait(l.Lock, l.Unlock)
		} else {
			l.Lock()
		}
	}
}

var readLocker = reflect.TypeOf(new(sync.RWMutex).RLocker())

// WaitGroup is (*sync.WaitGroup).Wait.
func WaitGroup(wg *sync.WaitGroup) { wait(wg.Wait, func() {}) }

// WaitCond is (*sync.Cond).Wait. Deferred calls of the cell may expect to hold the lock, also when the wait was ended.
func WaitCond(c *sync.Cond) {
	returned := false
	defer func() {
		if !returned {
			c.L.Lock()
		}
	}()
	wait(c.Wait, c.L.Unlock)
	returned = true
}

// Do is (*sync.Once).Do. The calling goroutine calls f, while another is in o.Do, maybe to wait there for ever.
func Do(o *sync.Once, f func()) {
	stop := stopping()
	if stop == nil || o == nil {
		o.Do(f)
		return
	}
	mine, over, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(returned)
		o.Do(func() {
			close(mine)
			<-over
		})
	}()
	select {
	case <-mine:
		defer func() {
			close(over)
			<-returned
		}()
		f()
	case <-returned:
	case <-stop:
		close(over)
		end()
	}
}

// wait calls f, which may block for ever, and returns when it has returned. If the cell is interrupted meanwhile, its
// goroutine ends here; f goes on elsewhere, and undo takes back what it has done when it returns.
func wait(f, undo func()) {
	stop := stopping()
	if stop == nil { // not the goroutine that an interrupt ends
		f()
		return
	}
	done, abandoned := make(chan any), make(chan struct{})
	go func() {
		var failure any
		func() {
			defer func() { failure = recover() }()
			f()
		}()
		select {
		case done <- failure:
		case <-abandoned:
			undo()
		}
	}()
	select {
	case failure := <-done:
		if failure != nil {
			panic(failure)
		}
	case <-stop:
		close(abandoned)
		end()
	}
}
