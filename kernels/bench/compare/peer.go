package main

import (
	"bufio"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/groupnb/groupnb/kernels/bench"
)

// A peer is another library in a process of its own. It prints its version, then answers lines:
//
//	prepare fwd|bwd_d|bwd_w N inC outC groups H W kernel stride pad   -> ok <implementation> | error <reason>
//	time <seconds>                                                   -> ok <seconds of the fastest run>
//	output <file>                                                    -> ok; the result as little-endian float32 in plain layout
//
// Operands are those of bench.Values with seeds 1 (x), 2 (w) and 3 (dy).
type peer struct {
	name, version string
	cmd           *exec.Cmd
	in            io.WriteCloser
	out           *bufio.Scanner
}

//go:embed peers
var sources embed.FS

// starters start each kind of peer; an error says why it is skipped.
var starters = []struct {
	name  string
	start func(dir string, threads int) (*peer, error)
}{
	{"onednn", func(dir string, threads int) (*peer, error) { return startOneDNN(dir, threads, "plain") }},
	{"onednn-packed", func(dir string, threads int) (*peer, error) { return startOneDNN(dir, threads, "packed") }},
	{"torch-nchw", func(dir string, threads int) (*peer, error) { return startTorch(dir, threads, "nchw", false) }},
	{"torch-nhwc", func(dir string, threads int) (*peer, error) { return startTorch(dir, threads, "nhwc", false) }},
	{"torch-nhwc-tuned", func(dir string, threads int) (*peer, error) { return startTorch(dir, threads, "nhwc", true) }},
	{"onnxruntime", startORT},
}

// unpack writes an embedded source file into dir.
func unpack(dir, name string) (string, error) {
	b, err := sources.ReadFile("peers/" + name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, b, 0o644)
}

// startOneDNN starts oneDNN with blocked tensors and weights that are either plain, as ours, so that it packs them in every call, or
// packed beforehand.
func startOneDNN(dir string, threads int, weights string) (*peer, error) {
	src, err := unpack(dir, "onednn.cc")
	if err != nil {
		return nil, err
	}
	exe := filepath.Join(dir, "onednn")
	if _, err := os.Stat(exe); err != nil {
		out, err := exec.Command("g++", "-O2", "-std=c++17", src, "-o", exe, "-ldnnl").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("needs g++ and libdnnl-dev: %v: %s", err, firstLine(string(out)))
		}
	}
	name := "onednn"
	if weights == "packed" {
		name = "onednn-packed"
	}
	return start(name, exec.Command(exe, weights), threads)
}

func startTorch(dir string, threads int, format string, tuned bool) (*peer, error) {
	src, err := unpack(dir, "torch_peer.py")
	if err != nil {
		return nil, err
	}
	python := "/usr/bin/python3" // Debian's, which sees python3-torch
	if err := exec.Command(python, "-c", "import torch, numpy").Run(); err != nil {
		return nil, errors.New("needs python3-torch and python3-numpy")
	}
	cmd := exec.Command(python, src, strconv.Itoa(threads), format)
	name := "torch-" + format
	if tuned {
		name += "-tuned"
		cmd.Env = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=200000000000", "MALLOC_TOP_PAD_=268435456"}
	}
	return start(name, cmd, threads)
}

func startORT(dir string, threads int) (*peer, error) {
	src, err := unpack(dir, "ort_peer.js")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("node", src, strconv.Itoa(threads))
	if err := exec.Command("node", "-e", `require("onnxruntime-node")`).Run(); err != nil {
		return nil, errors.New("needs node and, where NODE_PATH finds it, the npm package onnxruntime-node")
	}
	return start("onnxruntime", cmd, threads)
}

func start(name string, cmd *exec.Cmd, threads int) (*peer, error) {
	t := strconv.Itoa(threads)
	cmd.Env = append(append(os.Environ(), "OMP_NUM_THREADS="+t, "OPENBLAS_NUM_THREADS="+t, "OMP_WAIT_POLICY=active",
		"OPENBLAS_CORETYPE=SKYLAKEX"), cmd.Env...)
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
	p := &peer{name: name, cmd: cmd, in: in, out: bufio.NewScanner(out)}
	if !p.out.Scan() {
		p.close()
		return nil, errors.New("ended before it said its version")
	}
	p.version = p.out.Text()
	p.rest()
	return p, nil
}

// rest stops a peer between its answers: threads of its pool that spin while they wait would take the cores from the others.
func (p *peer) rest() { p.cmd.Process.Signal(syscall.SIGSTOP) }

func (p *peer) resume() { p.cmd.Process.Signal(syscall.SIGCONT) }

func (p *peer) close() {
	p.resume()
	p.in.Close()
	p.cmd.Wait()
}

// ask sends a line and returns what follows "ok".
func (p *peer) ask(format string, args ...any) (string, error) {
	p.resume()
	defer p.rest()
	fmt.Fprintf(p.in, format+"\n", args...)
	if !p.out.Scan() {
		return "", fmt.Errorf("%s: process ended", p.name)
	}
	rest, ok := strings.CutPrefix(p.out.Text(), "ok")
	if !ok {
		return "", fmt.Errorf("%s: %s", p.name, strings.TrimPrefix(p.out.Text(), "error "))
	}
	return strings.TrimSpace(rest), nil
}

func (p *peer) prepare(dir string, h bench.Shape, n int) (string, error) {
	return p.ask("prepare %s %d %d %d %d %d %d %d %d %d", dir, n, h.InC, h.OutC, h.Groups, h.H, h.W, h.Kernel, h.Stride, h.Pad)
}

func (p *peer) time(seconds float64) (float64, error) {
	s, err := p.ask("time %g", seconds)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(s, 64)
}

func (p *peer) output(file string) ([]float32, error) {
	if _, err := p.ask("output %s", file); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
