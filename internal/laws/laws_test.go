// Package laws tests the shape of the house: which package may import which. ARCHITECTURE.md explains the plan; a
// change of the plan is a change of this table.
package laws

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/groupnb/groupnb"

// allowed lists, for each package of the module, what it may import of the module besides packages inside it, which are
// its own affair. A package that is not listed, and not inside a listed one's internal folder, fails.
var allowed = map[string][]string{
	"kernels":                {},
	"kernels/bench":          {"kernels", "nn"},
	"kernels/bench/compare":  {"kernels", "kernels/bench", "nn"},
	"kernels/bench/peer":     {},
	"nn":                     {"kernels", "repl/display"},
	"nn/data":                {"kernels", "nn", "repl/display"},
	"repl/display":           {},
	"repl/shell":             {"repl/display"},
	"repl/comm":              {"repl/display"},
	"repl/widgets":           {"repl/comm", "repl/display"},
	"plots":                  {"nn", "repl/display"},
	"internal/cell":          {},
	"internal/symbols":       {},
	"internal/symbols/table": {},
	"internal/symbols/std":   {"internal/symbols/table"},
	"internal/symbols/gonum": {"internal/symbols/table"},
	"internal/symbols/own":   {"internal/symbols/table", "kernels", "nn", "nn/data", "plots", "repl/comm", "repl/display", "repl/shell", "repl/widgets"},
	"internal/worker/rt":     {"repl/display"},
	"internal/worker/wire":   {"repl/display"},
	"internal/worker":        {"internal/nowait", "internal/symbols", "repl/display"},
	"repl":                   {"internal/cell", "internal/nowait", "internal/symbols", "internal/worker", "internal/worker/wire"},
	"repl/nbtest":            {"repl", "internal/magic", "internal/notebook", "internal/report", "internal/runner"},
	"internal/notebook":      {},
	"internal/magic":         {"repl"},
	"internal/nowait":        {},
	"internal/zmtp":          {"internal/nowait"},
	"internal/jupyter":       {"repl", "repl/comm", "repl/display", "repl/widgets", "internal/magic", "internal/zmtp"},
	"internal/jupyter/logo":  {},
	"internal/runner":        {"repl", "repl/display", "internal/notebook"},
	"internal/highlight":     {},
	"internal/report":        {"repl", "internal/highlight", "internal/notebook", "internal/runner"},
	"internal/terminal":      {"repl", "repl/display", "internal/highlight", "internal/notebook", "internal/runner"}, // a session can be saved as a notebook
	"notebooks":              {},
	"internal/laws":          {},
}

type pkg struct {
	path    string
	command bool // package main: groupnb itself, generators, comparisons
	imports []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{.Name}} {{join .Imports " "}}`, module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for l := range strings.Lines(string(out)) {
		f := strings.Fields(l)
		pkgs = append(pkgs, pkg{strings.TrimPrefix(f[0], module+"/"), f[1] == "main", f[2:]})
	}
	return pkgs
}

func TestImportsFollowThePlan(t *testing.T) {
	for _, p := range list(t) {
		if p.command {
			continue // ties the house together
		}
		owner, _, _ := strings.Cut(p.path, "/internal/") // kernels/internal/reference lives by the rules of kernels
		may, known := allowed[owner]
		if !known {
			t.Errorf("%s is not in the plan: add it to ARCHITECTURE.md and to this table", p.path)
		}
		for _, imp := range p.imports {
			ours, ok := strings.CutPrefix(imp, module+"/")
			if ok && !slices.Contains(may, ours) && !strings.HasPrefix(ours, owner+"/") {
				t.Errorf("%s imports %s, which the plan does not allow", p.path, ours)
			}
		}
	}
}

func TestOnlyTheWorkerImportsTheInterpreter(t *testing.T) {
	for _, p := range list(t) {
		for _, imp := range p.imports {
			if strings.HasPrefix(imp, "github.com/traefik/yaegi") && p.path != "internal/worker" && p.path != "internal/symbols/gen" {
				t.Errorf("%s imports %s; only internal/worker may", p.path, imp)
			}
		}
	}
}

func TestNoPackageWithoutASubject(t *testing.T) {
	for _, p := range list(t) {
		for _, name := range []string{"util", "utils", "common", "helpers", "misc"} {
			if slices.Contains(strings.Split(p.path, "/"), name) {
				t.Errorf("%s: a package is named for its subject, not %q", p.path, name)
			}
		}
	}
}

func TestNoCgo(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{if .CgoFiles}}{{.ImportPath}}{{end}}`, module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if s := strings.TrimSpace(string(out)); s != "" {
		t.Errorf("these packages use cgo: %s", s)
	}
}
