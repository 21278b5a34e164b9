package jupyter

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/groupnb/groupnb/internal/zmtp"
)

// A stdin asks the user for input on behalf of a cell.
type stdin struct {
	socket *zmtp.Router

	mu      sync.Mutex
	waiting chan<- inputReply // nil when no cell waits
}

type inputReply struct {
	Value string `json:"value"`
}

type inputRequest struct {
	Prompt   string `json:"prompt"`
	Password bool   `json:"password"`
}

// endOfFile is what front ends send for Ctrl-D.
const endOfFile = "\x04"

var errNoInput = errors.New("the front end can't be asked for input: it has no connection to the stdin channel")

// ask asks the client that sent r and waits for its answer or the end of ctx.
func (s *stdin) ask(ctx context.Context, k *kernel, r *request, prompt string, password bool) (string, error) {
	reply := make(chan inputReply, 1)
	s.expect(reply)
	defer s.expect(nil)
	if err := s.send(ctx, k, r, inputRequest{prompt, password}); err != nil {
		return "", err
	}
	select {
	case in := <-reply:
		if in.Value == endOfFile {
			return "", io.EOF
		}
		return in.Value, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// send sends the question. A client that has just connected may still be connecting its stdin.
func (s *stdin) send(ctx context.Context, k *kernel, r *request, q inputRequest) error {
	const patience, step = 2 * time.Second, 20 * time.Millisecond
	deadline := time.After(patience)
	for {
		err := k.send(s.socket, r, "input_request", nil, q)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(step):
		case <-deadline:
			return errNoInput
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *stdin) expect(reply chan<- inputReply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = reply
}

// receive takes a message from the stdin channel. An answer that nobody waits for is dropped: it belongs to a cell
// that has been interrupted.
func (s *stdin) receive(r *request) {
	var in inputReply
	if r.header.Type != "input_reply" || r.parse(&in) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != nil {
		s.waiting <- in
		s.waiting = nil
	}
}
