package zmtp

const maxRequest = 1 << 20 // bytes

// A Rep is a bound REP socket that answers every request by a function.
type Rep struct{ *socket }

// ListenRep binds a REP socket. answer turns the frames of a request into those of its reply; it is called from one
// goroutine for each peer and must not block.
func ListenRep(endpoint string, answer func(request [][]byte) [][]byte, o Options) (*Rep, error) {
	if o.MaxMessage == 0 {
		o.MaxMessage = maxRequest
	}
	s, err := newSocket(rep, endpoint, o)
	if err != nil {
		return nil, err
	}
	s.message = func(p *peer, frames [][]byte) error {
		n := envelope(frames)
		if n == 0 {
			return nil // a REP socket discards what has no envelope
		}
		reply := append(frames[:n:n], answer(frames[n:])...)
		return p.send(appendMessage(make([]byte, 0, wireSize(reply)), reply))
	}
	s.start()
	return &Rep{s}, nil
}

// envelope counts the frames up to and with the empty one that ends the address of a request; 0 if there is none.
func envelope(frames [][]byte) int {
	for i, f := range frames {
		if len(f) == 0 {
			return i + 1
		}
	}
	return 0
}
