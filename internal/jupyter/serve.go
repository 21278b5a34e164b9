package jupyter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/groupnb/groupnb/internal/zmtp"
)

// Options of a kernel. The zero value will do.
type Options struct {
	Version     string // of the implementation, for kernel_info
	AllowRemote bool   // listen on an address that other machines can reach
	History     string // file that keeps inputs from one kernel to the next; "" keeps them in memory only

	// Log is told what a user of the kernel's log should know. Nil means silence.
	Log func(format string, args ...any)
}

const (
	flushTime   = 2 * time.Second // for clients to take what is queued when the kernel ends
	endingTime  = time.Second     // for a running cell to answer when the kernel ends
	parentCheck = 500 * time.Millisecond
)

var errParentGone = errors.New("the process that started the kernel is gone")

// Serve runs a kernel on the ports of a connection file until a client shuts it down, ctx is done, SIGTERM arrives or
// the parent process dies; SIGINT interrupts the running cell. start makes the session, while clients can already
// connect. The error is nil after a shutdown.
func Serve(ctx context.Context, connectionFile string, start Start, o Options) error {
	log := o.Log
	if log == nil {
		log = func(string, ...any) {}
	}
	conn, err := readConnection(connectionFile, o.AllowRemote, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	k := newKernel(conn, o, &onceLog{log: log}, func() { cancel(nil) })
	if err := k.bind(ctx); err != nil {
		return err
	}
	stopWatching := watchParent(func() { cancel(errParentGone) })
	defer stopWatching()
	stopSignals := k.onSignals(func() { cancel(nil) })
	defer stopSignals()

	k.session.start(ctx, start, k.outputs.late)
	k.run(ctx)
	<-ctx.Done()
	k.end()
	if cause := context.Cause(ctx); cause != context.Canceled {
		return cause
	}
	return nil
}

func (k *kernel) onSignals(stop func()) (restore func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range c {
			if s == os.Interrupt {
				k.interrupt()
			} else {
				stop()
			}
		}
	}()
	return func() { signal.Stop(c); close(c) }
}

// bind opens the five sockets. What arrives before run is called waits.
func (k *kernel) bind(ctx context.Context) (err error) {
	o := zmtp.Options{Log: k.log.once}
	keep := func(s socket) { k.sockets = append(k.sockets, s) }
	listen := func(name string, port int, use func(*request)) *zmtp.Router {
		if err != nil {
			return nil
		}
		var r *zmtp.Router
		if r, err = zmtp.ListenRouter(k.conn.endpoint(port), k.receiver(ctx, use), o); err != nil {
			err = fmt.Errorf("%s socket: %w", name, err)
			return nil
		}
		keep(r)
		return r
	}
	k.shell = listen("shell", k.conn.Shell, func(r *request) { k.queue.put(ctx, r) })
	k.control = listen("control", k.conn.Control, func(r *request) { k.handle(ctx, k.control, controlHandlers, r) })
	k.stdin.socket = listen("stdin", k.conn.Stdin, k.stdin.receive)
	if err == nil {
		if k.iopub, err = zmtp.ListenXPub(k.conn.endpoint(k.conn.IOPub), k.welcome, o); err == nil {
			keep(k.iopub)
		}
	}
	if err == nil {
		var hb *zmtp.Rep
		echo := func(b [][]byte) [][]byte { return b }
		if hb, err = zmtp.ListenRep(k.conn.endpoint(k.conn.Heartbeat), echo, o); err == nil {
			keep(hb)
		}
	}
	if err != nil {
		k.closeSockets()
	}
	return err
}

// end lets the running cell answer, ends the session and sends what is queued.
func (k *kernel) end() {
	k.interrupt()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if err := k.session.close(); err != nil {
			k.log.once("close session: %v", err)
		}
		k.idle.Wait()
	}()
	select {
	case <-closed:
	case <-time.After(endingTime):
		k.log.once("a cell has not ended in time")
	}
	k.history.close()
	k.closeSockets()
}

func (k *kernel) closeSockets() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	var all sync.WaitGroup
	for _, s := range k.sockets {
		all.Go(func() { s.Close(ctx) })
	}
	all.Wait()
}

// onceLog says each thing once: what comes from outside must not fill a log.
type onceLog struct {
	log  func(format string, args ...any)
	mu   sync.Mutex
	said map[string]bool
}

func (l *onceLog) once(format string, args ...any) {
	const enough = 1000
	line := fmt.Sprintf(format, args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said == nil {
		l.said = map[string]bool{}
	}
	if !l.said[line] && len(l.said) < enough {
		l.said[line] = true
		l.log("%s", line)
	}
}
