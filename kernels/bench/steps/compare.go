package main

import (
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/groupnb/groupnb/kernels/bench/peer"
)

//go:embed peers
var sources embed.FS

// result is a workload on our side, or on ours and a peer's.
type result struct {
	workload, peer  string
	threads         int
	ours, theirs    []float64 // seconds of a step in each round
	ratios          []float64
	memory, against int64 // peaks of ours and of the peer
	bytes, objects  int   // that a step of ours allocates
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Clone(x)
	slices.Sort(s)
	return s[len(s)/2]
}

// side is one side of a comparison and what it answered last.
type side struct {
	*peer.Process
	seconds        float64
	bytes, objects int
}

func (s *side) time(o options) error {
	answer, err := s.Ask("time %g", o.slice.Seconds())
	if err != nil {
		return err
	}
	_, err = fmt.Sscan(answer, &s.seconds)
	fmt.Sscan(answer, &s.seconds, &s.bytes, &s.objects)
	return err
}

// compare runs a workload on all sides in turns.
func compare(o options, dir string, w workload, threads int) ([]result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ours, err := begin("groupnb", exec.Command(self, "-serve", strconv.Itoa(threads)), w, threads)
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	if o.profile != "" {
		if _, err := ours.Ask("profile %s", o.profile); err != nil {
			return nil, err
		}
	}
	peers := beginPeers(o, dir, w, threads)
	defer func() {
		for _, p := range peers {
			p.Close()
		}
	}()
	results := make([]result, max(1, len(peers)))
	for i := range results {
		results[i] = result{workload: w.Name, peer: "-", threads: threads}
	}
	for range o.rounds {
		if err := ours.time(o); err != nil {
			return nil, err
		}
		for i := range results {
			r := &results[i]
			r.ours, r.memory, r.bytes, r.objects = append(r.ours, ours.seconds), ours.Peak(), ours.bytes, ours.objects
			if len(peers) == 0 {
				continue
			}
			p := peers[i]
			if err := p.time(o); err != nil {
				return nil, err
			}
			before := ours.seconds
			if err := ours.time(o); err != nil {
				return nil, err
			}
			r.peer, r.against = p.Name, p.Peak()
			r.theirs = append(r.theirs, p.seconds)
			r.ratios = append(r.ratios, 2*p.seconds/(before+ours.seconds))
		}
	}
	return results, nil
}

func begin(name string, cmd *exec.Cmd, w workload, threads int) (*side, error) {
	p, err := peer.Start(name, cmd, threads)
	if err != nil {
		return nil, err
	}
	if _, err := p.Ask("prepare %s", w); err != nil {
		p.Close()
		return nil, err
	}
	return &side{Process: p}, nil
}

// beginPeers starts those peers that can do the workload and says why others are missing.
func beginPeers(o options, dir string, w workload, threads int) (peers []*side) {
	for _, k := range kinds {
		if k.inference && w.Train || !asked(o.peers, k.name) {
			continue
		}
		p, err := func() (*side, error) {
			if err := k.have(); err != nil {
				return nil, err
			}
			cmd, err := k.command(dir, threads)
			if err != nil {
				return nil, err
			}
			return begin(k.name, cmd, w, threads)
		}()
		if err != nil {
			fmt.Printf("# skipped %s: %v\n", k.name, err)
			continue
		}
		fmt.Printf("# %s, %s: %s, %d threads\n", w.Name, k.name, p.Version, threads)
		peers = append(peers, p)
	}
	return peers
}

func asked(list, name string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.Contains(name, s) })
}

// kind is a peer that can be had.
type kind struct {
	name      string
	inference bool // alone
	have      func() error
	script    string
	format    string
	env       []string
}

var kinds = []kind{
	{"torch-nchw", false, peer.HaveTorch, "torch_steps.py", "nchw", nil},
	{"torch-nchw-tuned", false, peer.HaveTorch, "torch_steps.py", "nchw", peer.Tuned},
	{"torch-nhwc", false, peer.HaveTorch, "torch_steps.py", "nhwc", nil},
	{"torch-nhwc-tuned", false, peer.HaveTorch, "torch_steps.py", "nhwc", peer.Tuned},
	{"torch-frozen", true, peer.HaveTorch, "torch_steps.py", "frozen", peer.Tuned},
	{"onnxruntime", true, peer.HaveORT, "ort_steps.js", "", nil},
}

func (k kind) command(dir string, threads int) (*exec.Cmd, error) {
	source, err := sources.ReadFile("peers/" + k.script)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, k.script)
	if err := os.WriteFile(path, source, 0o644); err != nil {
		return nil, err
	}
	program := peer.Python
	if strings.HasSuffix(k.script, ".js") {
		program = "node"
	}
	cmd := exec.Command(program, path, strconv.Itoa(threads), k.format)
	cmd.Env = k.env
	return cmd, nil
}

// show prints the table.
func show(to io.Writer, all []result) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\tthreads\tours ms\tpeer\tpeer ms\tratio\tmin\tmax\tours MB\tpeer MB\tbytes/step\tobjects/step\t")
	for _, r := range all {
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%s\t", r.workload, r.threads, 1e3*median(r.ours), r.peer)
		if len(r.ratios) > 0 {
			fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t%.2f\t", 1e3*median(r.theirs), median(r.ratios), slices.Min(r.ratios), slices.Max(r.ratios))
		} else {
			fmt.Fprint(w, "\t\t\t\t")
		}
		fmt.Fprintf(w, "%.0f\t%.0f\t%d\t%d\t\n", float64(r.memory)/1e6, float64(r.against)/1e6, r.bytes, r.objects)
	}
	w.Flush()
}
