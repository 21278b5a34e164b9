// Command compare sets the convolutions of package kernels against other libraries on this machine:
//
//	go run ./kernels/bench/compare -n 8 -threads 1,2 -only g32
//
// Ours and the peers run A-B-A-B, results are checked against each other, and ratios below 1.0 are printed first. A ratio is the
// peer's time over ours: above 1 we are faster. Tensors are in each library's own layout; weights are plain on both sides, as a training
// step has them, so that both pack them in every call. The peer onednn-packed has them packed beforehand, as inference may.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/groupnb/groupnb/kernels"
	"github.com/groupnb/groupnb/kernels/bench"
)

type options struct {
	batch   int
	threads []int
	only    string
	dirs    []string
	peers   []string
	rounds  int
	slice   time.Duration
}

func main() {
	var o options
	var threads, dirs, peers string
	flag.IntVar(&o.batch, "n", 0, "batch size, 0 for each shape's own")
	flag.StringVar(&threads, "threads", "1", "comma-separated numbers of threads")
	flag.StringVar(&o.only, "only", "", "shapes whose name contains this")
	flag.StringVar(&dirs, "dirs", "fwd,bwd_d,bwd_w", "directions")
	flag.StringVar(&peers, "peers", "", "comma-separated peers, all if empty")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of ours and each peer; the median ratio is reported")
	flag.DurationVar(&o.slice, "slice", 50*time.Millisecond, "time for one library in one round")
	flag.Parse()
	for _, t := range strings.Split(threads, ",") {
		n, err := strconv.Atoi(t)
		if err != nil {
			fail(fmt.Errorf("-threads %s: %w", threads, err))
		}
		o.threads = append(o.threads, n)
	}
	o.dirs = strings.Split(dirs, ",")
	if peers != "" {
		o.peers = strings.Split(peers, ",")
	}
	if err := run(o); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "compare:", err)
	os.Exit(1)
}

// result is one shape and direction against one peer.
type result struct {
	shape, dir, peer string
	n, threads       int
	ours             float64   // GFLOP/s
	ratios           []float64 // of each round, sorted
	difference       float64   // largest, relative to the largest value
	note             string
}

func (r result) median() float64 { return r.ratios[len(r.ratios)/2] }

func run(o options) error {
	if err := checkPeers(o.peers); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	shapes, err := bench.Shapes()
	if err != nil {
		return err
	}
	fmt.Printf("# %s, %s, kernels %s\n", runtime.Version(), bench.CPU(), kernels.Level())
	var all []result
	for _, t := range o.threads {
		kernels.SetThreads(t)
		peers := startPeers(o, dir, t)
		for _, h := range shapes {
			if strings.Contains(h.Name, o.only) {
				for _, d := range o.dirs {
					all = append(all, compareShape(o, dir, peers, h, d, t)...)
				}
			}
		}
		for _, p := range peers {
			p.Close()
		}
	}
	print(all)
	return nil
}

func startPeers(o options, dir string, threads int) (peers []*convPeer) {
	for _, s := range starters {
		if o.peers != nil && !slices.Contains(o.peers, s.name) {
			continue
		}
		p, err := s.start(dir, threads)
		if err != nil {
			fmt.Printf("# skipped %s: %v\n", s.name, err)
			continue
		}
		fmt.Printf("# %s: %s, %d threads\n", s.name, p.Version, threads)
		peers = append(peers, p)
	}
	return peers
}

// compareShape times ours and every peer in turns.
func compareShape(o options, dir string, peers []*convPeer, h bench.Shape, direction string, threads int) []result {
	n := h.N
	if o.batch > 0 {
		n = o.batch
	}
	job := bench.NewJob(h.Conv(n), direction)
	job.Run()
	mine := job.Result()
	var ready []*convPeer
	var results []result
	for _, p := range peers {
		impl, err := p.prepare(direction, h, n)
		if err != nil {
			fmt.Printf("# %s %s n=%d: %v\n", h.Name, direction, n, err)
			continue
		}
		r := result{shape: h.Name, dir: direction, peer: p.Name, n: n, threads: threads, note: impl}
		if theirs, err := p.output(dir + "/result"); err != nil {
			r.note = err.Error()
		} else {
			r.difference = difference(mine, theirs)
		}
		ready, results = append(ready, p), append(results, r)
	}
	for range o.rounds {
		ours := job.Best(o.slice)
		for i, p := range ready {
			theirs, err := p.time(o.slice.Seconds())
			if err != nil {
				fmt.Printf("# %v\n", err)
				theirs = math.NaN()
			}
			again := job.Best(o.slice) // ours before and after: the better one stands against the peer's
			results[i].ratios = append(results[i].ratios, theirs/min(ours, again))
			results[i].ours = max(results[i].ours, job.GFLOPS(min(ours, again)))
			ours = again
		}
	}
	for i := range results {
		slices.Sort(results[i].ratios)
	}
	return results
}

// difference is the largest difference relative to the largest value.
func difference(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var d, m float64
	for i, v := range a {
		if e := math.Abs(float64(v) - float64(b[i])); !(e <= d) {
			d = e
		}
		m = max(m, math.Abs(float64(v)))
	}
	return d / m
}

// print shows what we lose first.
func print(all []result) {
	slices.SortStableFunc(all, func(a, b result) int { return cmp.Compare(a.median(), b.median()) })
	lost := 0
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "shape\tn\tthreads\tdir\tpeer\tratio\tmin\tmax\tours GFLOP/s\tpeak\tdifference\tpeer's kernel\t")
	for _, r := range all {
		if r.median() < 1 {
			lost++
		}
		peak := bench.Peak() * float64(r.threads)
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f%%\t%.0e\t%s\t\n", r.shape, r.n, r.threads, r.dir, r.peer,
			r.median(), r.ratios[0], r.ratios[len(r.ratios)-1], r.ours, 100*r.ours/peak, r.difference, r.note)
	}
	w.Flush()
	fmt.Printf("%d of %d below 1.0\n", lost, len(all))
	for _, r := range all {
		if !(r.difference < 1e-4) {
			fmt.Printf("results differ: %s %s %s by %g\n", r.shape, r.dir, r.peer, r.difference)
		}
	}
}
