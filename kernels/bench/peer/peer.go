// Package peer runs another library in a process of its own and talks to it, so that it can be timed in turns with ours.
package peer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// A Process prints its version when it is ready, then answers each line with one that begins with ok or error.
type Process struct {
	Name, Version string

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// Python is Debian's, which sees the packages python3-torch and python3-numpy.
const Python = "/usr/bin/python3"

// Tuned is the environment that keeps the C library from giving memory back to the system after every tensor.
var Tuned = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=200000000000", "MALLOC_TOP_PAD_=268435456"}

// HaveTorch says what is missing to run PyTorch.
func HaveTorch() error {
	if err := exec.Command(Python, "-c", "import torch, numpy").Run(); err != nil {
		return errors.New("needs python3-torch and python3-numpy")
	}
	return nil
}

// HaveORT says what is missing to run ONNX Runtime.
func HaveORT() error {
	if err := exec.Command("node", "-e", `require("onnxruntime-node")`).Run(); err != nil {
		return errors.New("needs node and, where NODE_PATH finds it, the npm package onnxruntime-node")
	}
	return nil
}

// Start starts a peer that may use so many threads.
func Start(name string, cmd *exec.Cmd, threads int) (*Process, error) {
	t := strconv.Itoa(threads)
	cmd.Env = append(append(os.Environ(), "OMP_NUM_THREADS="+t, "OPENBLAS_NUM_THREADS="+t, "OMP_WAIT_POLICY=active"), cmd.Env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Name: name, cmd: cmd, in: in, out: bufio.NewScanner(out)}
	if !p.out.Scan() {
		p.Close()
		return nil, errors.New("ended before it said its version")
	}
	p.Version = p.out.Text()
	p.rest()
	return p, nil
}

// rest stops a peer between its answers: threads of its pool that spin while they wait would take the cores from the others.
func (p *Process) rest() { p.cmd.Process.Signal(syscall.SIGSTOP) }

func (p *Process) resume() { p.cmd.Process.Signal(syscall.SIGCONT) }

// Close ends the process.
func (p *Process) Close() {
	p.resume()
	p.in.Close()
	p.cmd.Wait()
}

// Ask sends a line and returns what follows "ok".
func (p *Process) Ask(format string, args ...any) (string, error) {
	p.resume()
	defer p.rest()
	fmt.Fprintf(p.in, format+"\n", args...)
	if !p.out.Scan() {
		return "", fmt.Errorf("%s: process ended", p.Name)
	}
	rest, ok := strings.CutPrefix(p.out.Text(), "ok")
	if !ok {
		return "", fmt.Errorf("%s: %s", p.Name, strings.TrimPrefix(p.out.Text(), "error "))
	}
	return strings.TrimSpace(rest), nil
}

// Peak is the most memory in bytes that the process has had resident, 0 if the system does not say.
func (p *Process) Peak() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}
