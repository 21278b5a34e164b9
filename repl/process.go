package repl

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/groupnb/groupnb/internal/nowait"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// A process is a worker and its pipes.
type process struct {
	cmd       *exec.Cmd
	key       string // of its markers
	sendMu    sync.Mutex
	requests  *nowait.Stream
	urgent    *nowait.Stream // requests that do not wait for the running cell
	replies   *nowait.Stream
	installed *os.File   // nobody waits for it; see holds
	printed   [2]printed // what it writes on descriptors 1 and 2

	life   sync.Mutex
	reaped bool // its number may be another's now

	heldMu sync.Mutex
	held   uint64 // number of the last cell whose declarations it holds, as far as known
}

// spawner runs functions on one thread that never ends: a child that is to die with its parent dies with the thread
// that started it.
var spawner = sync.OnceValue(func() chan<- func() {
	c := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range c {
			f()
		}
	}()
	return c
})

func startProcess(o Options) (*process, error) {
	command := o.Command
	if len(command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
		command = []string{exe}
	}
	p := &process{cmd: exec.Command(command[0], command[1:]...), key: "gnb" + rand.Text()}
	p.cmd.Dir = o.Dir
	p.cmd.Env = append(append(os.Environ(), o.Env...), wire.Variable+"=1")
	p.cmd.SysProcAttr = processAttributes()
	theirs, err := p.pipes()
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("pipes of the worker: %w", err)
	}
	started := make(chan error)
	spawner() <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		p.closePipes()
		return nil, fmt.Errorf("start worker: %w", err)
	}
	if err := p.send(wire.Request{Op: wire.Init, Key: p.key, MemoryLimit: o.MemoryLimit}); err != nil {
		p.reap()
		p.closePipes()
		return nil, fmt.Errorf("start worker: %w", err)
	}
	return p, nil
}

// pipes makes the pipes, gives the command its ends and returns these.
func (p *process) pipes() (theirs []*os.File, err error) {
	pipe := func(open func() (r, w *os.File, err error)) (r, w *os.File) {
		if err == nil {
			r, w, err = open()
		}
		return r, w
	}
	stream := func(f *os.File) (s *nowait.Stream) {
		if err == nil {
			s, err = nowait.NewStream(f)
		}
		return s
	}
	var requests, replies, urgent, installed, out, errs, ours *os.File
	requests, ours = pipe(os.Pipe)
	p.requests = stream(ours)
	ours, replies = pipe(os.Pipe)
	p.replies = stream(ours)
	urgent, ours = pipe(os.Pipe)
	p.urgent = stream(ours)
	p.installed, installed = pipe(unwatchedPipe)
	p.printed[0].File, out = pipe(unwatchedPipe)
	p.printed[1].File, errs = pipe(unwatchedPipe)
	for i := range p.printed {
		if err == nil {
			p.printed[i].ready, err = newWaiter(int(p.printed[i].Fd()))
		}
	}
	theirs = []*os.File{requests, replies, installed, urgent, out, errs}
	if err != nil {
		p.closePipes()
		return theirs, err
	}
	enlarge(p.printed[0].File)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = out, errs, theirs[:4]
	return theirs, nil
}

// unwatchedPipe makes a pipe that the scheduler does not watch; reading it does not wait. Whoever writes to a pipe that is
// watched wakes the watcher each time, whether anybody waits or not, and that costs more than the write.
func unwatchedPipe() (r, w *os.File, err error) {
	var fds [2]int
	syscall.ForkLock.RLock() // until a child would not inherit them
	defer syscall.ForkLock.RUnlock()
	if err := syscall.Pipe(fds[:]); err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	syscall.CloseOnExec(fds[0])
	syscall.CloseOnExec(fds[1])
	r, w = os.NewFile(uintptr(fds[0]), "unwatched read end"), os.NewFile(uintptr(fds[1]), "write end")
	return r, w, os.NewSyscallError("setnonblock", syscall.SetNonblock(fds[0], true)) // after NewFile, which would watch it
}

// printed is a pipe that carries what is printed.
type printed struct {
	*os.File
	ready *waiter
}

func (p printed) Close() error {
	if p.ready != nil {
		p.ready.close()
	}
	return p.File.Close()
}

func (p *process) closePipes() {
	for _, c := range []io.Closer{p.requests, p.urgent, p.replies, p.installed, p.printed[0], p.printed[1]} {
		c.Close() // what is nil says so and does nothing
	}
}

func (p *process) send(q wire.Request) error {
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	if q.Op == wire.Interrupt || q.Op == wire.Input {
		return wire.Write(p.urgent, &q)
	}
	return wire.Write(p.requests, &q)
}

// serve reads all that the worker sends until it has ended. reply is called from one goroutine; the taps read what is
// printed.
func (p *process) serve(reply func(wire.Reply), taps ...*tap) {
	var printed sync.WaitGroup
	for _, t := range taps {
		printed.Go(t.run)
	}
	for r := bufio.NewReader(p.replies); ; {
		var a wire.Reply
		if err := wire.Read(r, &a); err != nil {
			break // it ended, or wrote nonsense and is ended
		}
		reply(a)
	}
	p.reap()
	printed.Wait()
	p.holds(0) // what it said last
	p.closePipes()
}

// holds tells whether the worker holds the declarations of a cell.
func (p *process) holds(cell uint64) bool {
	p.heldMu.Lock()
	defer p.heldMu.Unlock()
	var b [64 * 8]byte
	if raw, err := p.installed.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			for {
				n, err := nowait.Read(int(fd), b[:])
				if n >= 8 {
					p.held = binary.BigEndian.Uint64(b[n-8:])
				} else if err != syscall.EINTR {
					return
				}
			}
		})
	}
	return p.held >= cell
}

// reap waits for the worker after ending what is left of its group, before the number may be another's.
func (p *process) reap() {
	p.life.Lock()
	defer p.life.Unlock()
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	p.cmd.Wait()
	p.reaped = true
}

// kill ends the worker's process group.
func (p *process) kill() { p.signal(-p.cmd.Process.Pid, syscall.SIGKILL) }

// quit makes the Go runtime of the worker print what its goroutines do and end.
func (p *process) quit() { p.signal(p.cmd.Process.Pid, syscall.SIGQUIT) }

func (p *process) signal(pid int, s syscall.Signal) {
	p.life.Lock()
	defer p.life.Unlock()
	if !p.reaped {
		syscall.Kill(pid, s)
	}
}
