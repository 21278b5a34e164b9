package rt

// Stop ends the calling goroutine, with its deferred calls, if it is the one that is to stop. Lowered code calls it at
// each turn of a loop and each call of a function if the variable _gnbStopping is set, which the worker declares.
func Stop() {
	if host.Stop != nil {
		host.Stop()
	}
}
