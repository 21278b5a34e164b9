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

// allowed lists, for each package of the module, what it may import of the module. A package that is not listed fails.
var allowed = map[string][]string{
	"kernels":                    {"kernels/internal/reference"},
	"kernels/internal/reference": {},
	"kernels/bench":              {"kernels", "nn"},
	"nn":                         {"kernels", "repl/display"},
	"nn/data":                    {"nn", "repl/display"},
	"repl/display":               {},
	"plots":                      {"nn", "repl/display"},
	"internal/cell":              {},
	"internal/symbols":           {"kernels", "nn", "nn/data", "plots", "repl/display"},
	"internal/worker/rt":         {"repl/display"},
	"internal/worker":            {"internal/worker/rt", "internal/symbols", "repl/display"},
	"repl":                       {"internal/cell", "internal/symbols", "internal/worker", "repl/display"},
	"repl/shell":                 {"repl/display"},
	"repl/nbtest":                {"repl", "internal/runner", "internal/notebook"},
	"internal/notebook":          {},
	"internal/zmtp":              {},
	"internal/magic":             {"repl"},
	"internal/jupyter":           {"repl", "repl/display", "internal/jupyter/logo", "internal/magic", "internal/zmtp"},
	"internal/jupyter/logo":      {},
	"internal/runner":            {"repl", "repl/display", "internal/notebook"},
	"internal/report":            {"internal/notebook", "internal/runner"},
	"internal/terminal":          {"repl", "repl/display"},
	"notebooks":                  {},
	"internal/laws":              {},
	"internal/symbols/gen":       {"internal/symbols"},
}

// everything may import everything: the commands that tie the house together.
var everything = []string{"cmd/"}

type pkg struct {
	path    string
	imports []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for l := range strings.Lines(string(out)) {
		f := strings.Fields(l)
		pkgs = append(pkgs, pkg{strings.TrimPrefix(f[0], module+"/"), f[1:]})
	}
	return pkgs
}

func TestImportsFollowThePlan(t *testing.T) {
	for _, p := range list(t) {
		if slices.ContainsFunc(everything, func(prefix string) bool { return strings.HasPrefix(p.path, prefix) }) {
			continue
		}
		may, known := allowed[p.path]
		if !known {
			t.Errorf("%s is not in the plan: add it to ARCHITECTURE.md and to this table", p.path)
		}
		for _, imp := range p.imports {
			if ours, ok := strings.CutPrefix(imp, module+"/"); ok && !slices.Contains(may, ours) {
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
