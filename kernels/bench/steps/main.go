// Command steps sets whole networks against PyTorch and ONNX Runtime on this machine: forward passes and training steps.
//
//	go run ./kernels/bench/steps                                      # everything
//	go run ./kernels/bench/steps -only train -threads 1,2
//	go run ./kernels/bench/steps -only fashion -peers none -profile cpu.out
//
// Each side is a process of its own; they run A-B-A-B and those that wait are stopped. A ratio is the peer's time over ours,
// so above 1 we are faster. Memory is the most that the process had resident.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/groupnb/groupnb/kernels/bench"
)

type options struct {
	only    string
	threads []int
	peers   string
	rounds  int
	slice   time.Duration
	profile string
}

func main() {
	var o options
	var threads string
	serving := flag.Int("serve", 0, "answer lines on standard input as our side, with so many threads")
	flag.StringVar(&o.only, "only", "", "workloads whose name contains this")
	flag.StringVar(&threads, "threads", strconv.Itoa(runtime.NumCPU()), "comma-separated numbers of threads")
	flag.StringVar(&o.peers, "peers", "", "peers whose name contains one of these, separated by commas; all if empty, none if none")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of ours and each peer; the median ratio is reported")
	flag.DurationVar(&o.slice, "slice", 2*time.Second, "time for one side in one round")
	flag.StringVar(&o.profile, "profile", "", "write where our side's processor time goes to this file")
	flag.Parse()
	err := error(nil)
	if *serving > 0 {
		err = serve(*serving, os.Stdin, os.Stdout)
	} else if o.threads, err = numbers(threads); err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "steps:", err)
		os.Exit(1)
	}
}

func numbers(list string) (all []int, err error) {
	for _, f := range strings.Split(list, ",") {
		n, err := strconv.Atoi(f)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-threads %s: want numbers from 1, separated by commas", list)
		}
		all = append(all, n)
	}
	return all, nil
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "steps")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("# %s, %s\n", bench.CPU(), time.Now().Format(time.DateOnly))
	var all []result
	for _, w := range workloads {
		if !strings.Contains(w.Name, o.only) {
			continue
		}
		if w.ONNX, err = export(w, dir); err != nil {
			return err
		}
		for _, t := range o.threads {
			rs, err := compare(o, dir, w, t)
			if err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
			all = append(all, rs...)
		}
	}
	show(os.Stdout, all)
	return nil
}

// export writes the network as it computes in evaluation, for ONNX Runtime.
func export(w workload, dir string) (path string, err error) {
	if w.Train {
		return "", nil
	}
	m, err := w.Spec.Build(1)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, w.Name+".onnx")
	return path, m.ExportONNX(path, w.shape()[1:]...)
}
