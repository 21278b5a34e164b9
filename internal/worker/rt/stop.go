package rt

import (
	"reflect"
	"runtime"
)

// Stop ends the calling goroutine, with its deferred calls, if it is the one that is to stop. Lowered code calls it at
// each turn of a loop and each call of a function if the variable _gnbStopping is set, which the worker declares.
func Stop() {
	if host.Stop != nil {
		host.Stop()
	}
}

// end ends a goroutine that waits and is to stop, also where it makes deferred calls.
func end() {
	Stop()
	runtime.Goexit()
}

// stopping returns the channel that is closed when the calling goroutine is to stop, nil if it never is.
func stopping() <-chan struct{} {
	if host.Done == nil {
		return nil
	}
	return host.Done()
}

// Receive is v, ok := <-ch, ended by an interrupt of the cell that waits.
func Receive(ch reflect.Value) (v reflect.Value, ok bool) {
	if v, ok := ch.TryRecv(); v.IsValid() {
		return v, ok
	}
	stop := stopping()
	if stop == nil { // not the goroutine that an interrupt ends
		return ch.Recv()
	}
	i, v, ok := reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: ch},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(stop)},
	})
	if i == 1 {
		end()
	}
	return v, ok
}

// SendValue is ch <- v, ended by an interrupt of the cell that waits.
func SendValue(ch, v reflect.Value) {
	if ch.TrySend(v) {
		return
	}
	stop := stopping()
	if stop == nil {
		ch.Send(v)
		return
	}
	i, _, _ := reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectSend, Chan: ch, Send: v},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(stop)},
	})
	if i == 1 {
		end()
	}
}
