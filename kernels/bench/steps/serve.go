package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/groupnb/groupnb/kernels"
	"github.com/groupnb/groupnb/kernels/bench"
	"github.com/groupnb/groupnb/nn"
	"github.com/groupnb/groupnb/nn/data"
)

// serve is our side: a peer like the others, in a process of its own so that its memory can be told. Its lines are
//
//	prepare <workload as JSON>   -> ok
//	time <seconds>               -> ok <median seconds of a step> [<bytes and objects that a step allocates>]
//	profile <file>               -> ok; from now on to the end the processor's time is written to file
func serve(threads int, in io.Reader, out io.Writer) error {
	kernels.SetThreads(threads)
	fmt.Fprintf(out, "groupnb %s %s\n", runtime.Version(), kernels.Level())
	s := &server{}
	defer pprof.StopCPUProfile()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		reply, err := s.answer(verb, rest)
		if err != nil {
			fmt.Fprintf(out, "error %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Fprintln(out, strings.TrimSpace("ok "+reply))
	}
	return lines.Err()
}

// server holds the workload.
type server struct {
	work  workload
	model *nn.Model
	steps func(deadline time.Time) ([]time.Duration, error)
}

func (s *server) answer(verb, rest string) (string, error) {
	switch verb {
	case "prepare":
		return "", s.prepare(rest)
	case "time":
		seconds, err := strconv.ParseFloat(rest, 64)
		if err != nil {
			return "", err
		}
		return s.time(time.Duration(seconds * float64(time.Second)))
	case "profile":
		f, err := os.Create(rest)
		if err != nil {
			return "", err
		}
		return "", pprof.StartCPUProfile(f)
	}
	return "", errors.New("unknown " + verb)
}

func (s *server) prepare(text string) error {
	if err := json.Unmarshal([]byte(text), &s.work); err != nil {
		return err
	}
	m, err := s.work.Spec.Build(1)
	if err != nil {
		return err
	}
	s.model = m
	switch {
	case s.work.Fashion:
		train, _, err := data.FashionMNIST()
		if err != nil {
			return err
		}
		s.train(train.Batches(s.work.Batch).DropLast())
	case s.work.Train:
		b := nn.Batch{X: nn.FromSlice(bench.Values(volume(s.work.shape()), 1), s.work.shape()...)}
		for i := range s.work.Batch {
			b.Y = append(b.Y, i%s.work.Spec.Classes)
		}
		s.train(same{b})
	default:
		s.forward()
	}
	_, err = s.time(0)
	return err
}

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// forward times passes of a trained network.
func (s *server) forward() {
	x := nn.FromSlice(bench.Values(volume(s.work.shape()), 1), s.work.shape()...)
	frozen := s.model.Freeze()
	s.steps = func(deadline time.Time) (took []time.Duration, err error) {
		for len(took) < 2 || time.Now().Before(deadline) {
			start := time.Now()
			frozen.Forward(x)
			took = append(took, time.Since(start))
		}
		return took, nil
	}
}

// train times steps of Fit, everything between one step and the next included.
func (s *server) train(loader nn.Loader) {
	opt := nn.SGD(0.01, nn.Momentum(0.9), nn.Nesterov(), nn.WeightDecay(5e-4))
	s.steps = func(deadline time.Time) (took []time.Duration, err error) {
		last := time.Now()
		stopped := &until{deadline: deadline}
		_, err = s.model.Fit(loader, opt, nn.Epochs(1<<20), nn.Quiet(), nn.Context(stopped), nn.OnStep(func(nn.StepStats) {
			took = append(took, time.Since(last))
			last = time.Now()
			stopped.enough = len(took) >= 3
		}))
		if errors.Is(err, errStop) {
			err = nil
		}
		return took[1:], err // the first one starts the reading of data
	}
}

// time runs for d and reports the median step.
func (s *server) time(d time.Duration) (string, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took, err := s.steps(time.Now().Add(d))
	if err != nil {
		return "", err
	}
	runtime.ReadMemStats(&after)
	slices.Sort(took)
	n := uint64(len(took))
	return fmt.Sprintf("%g %d %d", took[n/2].Seconds(), (after.TotalAlloc-before.TotalAlloc)/n, (after.Mallocs-before.Mallocs)/n), nil
}
