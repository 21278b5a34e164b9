package jupyter

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/groupnb/groupnb/internal/magic"
	"github.com/groupnb/groupnb/internal/zmtp"
	"github.com/groupnb/groupnb/repl"
)

// A kernel is one running kernel: five sockets around a session.
type kernel struct {
	conn    Connection
	opts    Options
	log     *onceLog
	stop    func() // ends Serve
	wire    *wire
	session lazySession
	history *history
	comms   *comms

	sockets []socket
	bound   chan struct{} // closed when all sockets are there
	shell   *zmtp.Router
	control *zmtp.Router
	iopub   *zmtp.XPub
	stdin   stdin

	outputs outputs
	courier *courier
	queue   *queue         // requests on shell
	idle    sync.WaitGroup // the goroutine that serves shell
	count   int            // of executions; used by the shell goroutine only
	running struct {
		sync.Mutex
		cancel context.CancelFunc // interrupts the running cell; nil when none runs
	}
}

type socket interface{ Close(context.Context) error }

func newKernel(conn Connection, o Options, log *onceLog, stop func()) *kernel {
	k := &kernel{conn: conn, opts: o, log: log, stop: stop, wire: newWire(conn.Key), queue: newQueue(), bound: make(chan struct{})}
	k.courier = newCourier(k.flush)
	k.comms = newComms(k)
	k.history = openHistory(o.History, log.once)
	return k
}

// run starts serving; it doesn't wait.
func (k *kernel) run(ctx context.Context) {
	close(k.bound)
	k.idle.Go(func() {
		for {
			r, ok := k.queue.take(ctx)
			if !ok {
				return
			}
			k.handle(ctx, k.shell, shellHandlers, r)
		}
	})
}

// receiver decodes what arrives on a socket, on the goroutine of the peer that sent it, and hands it on.
func (k *kernel) receiver(ctx context.Context, use func(*request)) func(zmtp.Message) {
	return func(m zmtp.Message) {
		select {
		case <-k.bound:
		case <-ctx.Done():
			return
		}
		r, err := k.wire.decode(m.Frames)
		if err != nil {
			k.log.once("message dropped: %v", err)
			return
		}
		r.peer = m.Peer
		use(r)
	}
}

// A handler answers one type of request by the content of a reply, nil for none.
type handler func(k *kernel, ctx context.Context, r *request) (any, error)

var shellHandlers, controlHandlers map[string]handler

func init() { // not at the declaration: handlers refer to the maps
	shellHandlers = map[string]handler{
		"execute_request":     (*kernel).execute,
		"complete_request":    (*kernel).complete,
		"inspect_request":     (*kernel).inspect,
		"is_complete_request": (*kernel).isComplete,
		"history_request":     (*kernel).historyRequest,
		"kernel_info_request": (*kernel).info,
		"connect_request":     (*kernel).connect,
		"comm_info_request":   (*kernel).commInfo,
		"comm_open":           (*kernel).commOpen,
		"comm_msg":            (*kernel).commMsg,
		"comm_close":          (*kernel).commClose,
		"shutdown_request":    (*kernel).shutdown,
		"interrupt_request":   (*kernel).interruptRequest,
	}
	controlHandlers = map[string]handler{
		"kernel_info_request": (*kernel).info,
		"shutdown_request":    (*kernel).shutdown,
		"interrupt_request":   (*kernel).interruptRequest,
		"debug_request":       (*kernel).debug,
	}
}

// handle answers a request between busy and idle, whatever happens.
func (k *kernel) handle(ctx context.Context, s *zmtp.Router, handlers map[string]handler, r *request) {
	if r.header.Type == "shutdown_request" {
		defer k.stop() // when the reply is queued
	}
	k.post("status", r.raw, nil, statusContent{"busy"})
	defer k.finish(s, r)
	h := handlers[r.header.Type]
	if h == nil {
		k.log.once("unknown request %q", r.header.Type)
		return
	}
	content, err := k.protect(h, ctx, r)
	name, isRequest := strings.CutSuffix(r.header.Type, "_request")
	if err != nil {
		k.log.once("%v", err)
		content = errorContent{Status: "error", Name: "request", Value: err.Error(), Traceback: []string{}}
	}
	if content != nil && isRequest {
		k.reply(s, r, name+"_reply", content)
	}
}

// finish tells that a request has been served. Requests that wait on shell take its messages along.
func (k *kernel) finish(s *zmtp.Router, r *request) {
	k.post("status", r.raw, nil, statusContent{"idle"})
	switch {
	case s != k.shell:
		k.iopub.Flush()
	case k.queue.waits():
		k.courier.soon()
	default:
		k.courier.now()
	}
}

// flush sends what is queued.
func (k *kernel) flush() {
	k.shell.Flush()
	k.iopub.Flush()
}

// protect turns a panic of a handler into an error.
func (k *kernel) protect(h handler, ctx context.Context, r *request) (content any, err error) {
	defer func() {
		if v := recover(); v != nil {
			k.log.once("%s: %v\n%s", r.header.Type, v, debug.Stack())
			err = fmt.Errorf("%s: the kernel itself failed: %v", r.header.Type, v)
		}
	}()
	return h(k, ctx, r)
}

func (k *kernel) reply(s *zmtp.Router, r *request, msgType string, content any) {
	send := s.Send
	if s == k.shell && k.queue.waits() {
		send = s.Queue
	}
	if err := send(r.peer, k.answer(r, msgType, replyMetadata{r.arrived.UTC().Format(dateFormat)}, content)...); err != nil {
		k.log.once("%s not sent: %v", msgType, err)
	}
}

// send sends a message to the client that r came from.
func (k *kernel) send(s *zmtp.Router, r *request, msgType string, metadata, content any) error {
	return s.Send(r.peer, k.answer(r, msgType, metadata, content)...)
}

func (k *kernel) answer(r *request, msgType string, metadata, content any) [][]byte {
	return append(r.route[:len(r.route):len(r.route)], k.wire.encode(msgType, r.raw, metadata, content)...)
}

// publish sends a message to all clients; nil metadata is empty.
func (k *kernel) publish(msgType string, parent json.RawMessage, metadata, content any) {
	k.iopub.Publish(k.published(msgType, parent, metadata, content)...)
}

// post is publish for a message that may wait for the one behind it, at the latest idle. A handler that may take its
// time calls the courier.
func (k *kernel) post(msgType string, parent json.RawMessage, metadata, content any) {
	k.iopub.Queue(k.published(msgType, parent, metadata, content)...)
}

func (k *kernel) published(msgType string, parent json.RawMessage, metadata, content any) [][]byte {
	topic := "kernel." + k.wire.session + "." + msgType
	return append([][]byte{[]byte(topic)}, k.wire.encode(msgType, parent, metadata, content)...)
}

// welcome greets a new subscriber.
func (k *kernel) welcome(topic string) [][]byte {
	content := map[string]string{"subscription": topic}
	return append([][]byte{[]byte(topic)}, k.wire.encode("iopub_welcome", nil, nil, content)...)
}

// interrupt ends the running cell, if any.
func (k *kernel) interrupt() {
	k.running.Lock()
	defer k.running.Unlock()
	if k.running.cancel != nil {
		k.running.cancel()
	}
}

// interruptible returns a context that interrupt ends, until done is called.
func (k *kernel) interruptible(ctx context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	k.running.Lock()
	defer k.running.Unlock()
	k.running.cancel = cancel
	return ctx, func() {
		cancel()
		k.running.Lock()
		defer k.running.Unlock()
		k.running.cancel = nil
	}
}

// A lazySession is a session that is being started.
type lazySession struct {
	ready   chan struct{}
	session *magic.Session
	err     error
}

func (l *lazySession) start(ctx context.Context, start Start, late func(string, repl.Event)) {
	l.ready = make(chan struct{})
	go func() {
		defer close(l.ready)
		var s Session
		if s, l.err = start(ctx, late); l.err == nil {
			l.session = magic.Wrap(s)
		}
	}()
}

// get waits for the session.
func (l *lazySession) get(ctx context.Context) (*magic.Session, error) {
	select {
	case <-l.ready:
		return l.session, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *lazySession) close() error {
	<-l.ready
	if l.err != nil { // already reported by every cell
		return nil
	}
	return l.session.Close()
}
