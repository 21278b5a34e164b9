package main

import (
	"embed"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/groupnb/groupnb/kernels/bench"
	"github.com/groupnb/groupnb/kernels/bench/peer"
)

// A convPeer answers lines:
//
//	prepare fwd|bwd_d|bwd_w N inC outC groups H W kernel stride pad   -> ok <implementation> | error <reason>
//	time <seconds>                                                   -> ok <seconds of the fastest run>
//	output <file>                                                    -> ok; the result as little-endian float32 in plain layout
//
// Operands are those of bench.Values with seeds 1 (x), 2 (w) and 3 (dy).
type convPeer struct{ *peer.Process }

//go:embed peers
var sources embed.FS

// starters start each kind of peer; an error says why it is skipped.
var starters = []struct {
	name  string
	start func(dir string, threads int) (*convPeer, error)
}{
	{"onednn", func(dir string, threads int) (*convPeer, error) { return startOneDNN(dir, threads, "plain") }},
	{"onednn-packed", func(dir string, threads int) (*convPeer, error) { return startOneDNN(dir, threads, "packed") }},
	{"torch-nchw", func(dir string, threads int) (*convPeer, error) { return startTorch(dir, threads, "nchw", false) }},
	{"torch-nhwc", func(dir string, threads int) (*convPeer, error) { return startTorch(dir, threads, "nhwc", false) }},
	{"torch-nhwc-tuned", func(dir string, threads int) (*convPeer, error) { return startTorch(dir, threads, "nhwc", true) }},
	{"onnxruntime", startORT},
}

// checkPeers says which peers there are if one is unknown.
func checkPeers(names []string) error {
	var known []string
	for _, s := range starters {
		known = append(known, s.name)
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return fmt.Errorf("-peers %s: want some of %s, separated by commas", n, strings.Join(known, ", "))
		}
	}
	return nil
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
func startOneDNN(dir string, threads int, weights string) (*convPeer, error) {
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

func startTorch(dir string, threads int, format string, tuned bool) (*convPeer, error) {
	src, err := unpack(dir, "torch_peer.py")
	if err != nil {
		return nil, err
	}
	if err := peer.HaveTorch(); err != nil {
		return nil, err
	}
	cmd := exec.Command(peer.Python, src, strconv.Itoa(threads), format)
	name := "torch-" + format
	if tuned {
		name += "-tuned"
		cmd.Env = peer.Tuned
	}
	return start(name, cmd, threads)
}

func startORT(dir string, threads int) (*convPeer, error) {
	src, err := unpack(dir, "ort_peer.js")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("node", src, strconv.Itoa(threads))
	if err := peer.HaveORT(); err != nil {
		return nil, err
	}
	return start("onnxruntime", cmd, threads)
}

func (p *convPeer) prepare(dir string, h bench.Shape, n int) (string, error) {
	return p.Ask("prepare %s %d %d %d %d %d %d %d %d %d", dir, n, h.InC, h.OutC, h.Groups, h.H, h.W, h.Kernel, h.Stride, h.Pad)
}

func (p *convPeer) time(seconds float64) (float64, error) {
	s, err := p.Ask("time %g", seconds)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(s, 64)
}

func (p *convPeer) output(file string) ([]float32, error) {
	if _, err := p.Ask("output %s", file); err != nil {
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

// start starts a peer.
func start(name string, cmd *exec.Cmd, threads int) (*convPeer, error) {
	p, err := peer.Start(name, cmd, threads)
	if err != nil {
		return nil, err
	}
	return &convPeer{p}, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
