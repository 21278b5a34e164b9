package jupyter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// groupnb builds the command once for all tests.
var groupnb = sync.OnceValues(func() (string, error) {
	exe := filepath.Join(buildDir, "groupnb")
	out, err := exec.Command("go", "build", "-o", exe, "github.com/groupnb/groupnb/cmd/groupnb").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build groupnb: %w\n%s", err, out)
	}
	return exe, nil
})

// An environment is a private Jupyter with the kernel installed.
type environment struct {
	t      *testing.T
	dir    string
	exe    string // groupnb
	python string
}

// jupyter makes an environment, or skips the test when a Python module is missing: Debian's package of a module needs
// no other set-up.
func jupyter(t *testing.T, packages map[string]string) *environment {
	t.Helper()
	if testing.Short() {
		t.Skip("starts real kernels")
	}
	e := &environment{t: t, dir: t.TempDir(), python: findPython(t, packages)}
	var err error
	if e.exe, err = groupnb(); err != nil {
		t.Fatal(err)
	}
	e.run(e.exe, "install", "--user")
	return e
}

// findPython returns an interpreter that has all modules; packages names the Debian package of each.
func findPython(t *testing.T, packages map[string]string) string {
	t.Helper()
	var missing []string
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		missing = nil
		for module, pkg := range packages {
			if exec.Command(python, "-c", "import "+module).Run() != nil {
				missing = append(missing, pkg)
			}
		}
		if len(missing) == 0 {
			return python
		}
	}
	t.Skipf("needs %s", strings.Join(missing, " "))
	return ""
}

// needProgram skips the test when a program is missing.
func needProgram(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs %s", pkg)
	}
	return path
}

func (e *environment) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(e.t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "GROUPNB="+e.exe, "HOME="+e.dir, "XDG_STATE_HOME="+e.dir, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_RUNTIME_DIR=",
		"JUPYTER_DATA_DIR="+filepath.Join(e.dir, "data"), "JUPYTER_RUNTIME_DIR="+filepath.Join(e.dir, "run"),
		"JUPYTER_CONFIG_DIR="+filepath.Join(e.dir, "config"), "PYTHONWARNINGS=ignore", "PYTHONDONTWRITEBYTECODE=1", "NO_COLOR=1")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// run runs a program to its end and returns what it printed; its failure is the test's.
func (e *environment) run(name string, args ...string) string {
	e.t.Helper()
	out, err := e.command(name, args...).CombinedOutput()
	if err != nil {
		e.t.Fatalf("%s: %v\n%s", strings.Join(append([]string{name}, args...), " "), err, out)
	}
	return string(out)
}

var raw = map[string]string{"zmq": "python3-zmq"}

func TestConformance(t *testing.T) {
	t.Parallel()
	e := jupyter(t, raw)
	e.run(e.python, "testdata/conformance.py")
}

func TestRobustness(t *testing.T) {
	t.Parallel()
	e := jupyter(t, raw)
	e.run(e.python, "testdata/robustness.py")
}

func TestJupyterKernelTest(t *testing.T) {
	t.Parallel()
	e := jupyter(t, map[string]string{"jupyter_kernel_test": "python3-jupyter-kernel-test"})
	out := e.run(e.python, "testdata/kernel_test_samples.py", "-v")
	if strings.Contains(out, "skipped") {
		t.Errorf("a sample is missing:\n%s", out)
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	e := jupyter(t, map[string]string{"jupyter_console": "python3-jupyter-console"})
	cmd := e.command(e.python, "-m", "jupyter_console", "--kernel", "groupnb", "--simple-prompt")
	cmd.Stdin = strings.NewReader("x := 40\nx + 2\n\"é\" + \"!\"\nimport \"fmt\"\nfmt.Println(\"hello\", x)\nquit\n")
	out, err := cmd.CombinedOutput()
	for _, want := range []string{"42", "é!", "hello 40"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("%v, want %q in\n%s", err, want, out)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	e := jupyter(t, map[string]string{"jupyter_client.runapp": "python3-jupyter-client"})
	script := filepath.Join(e.dir, "script.go")
	os.WriteFile(script, []byte("import \"fmt\"\nx := 40\nfmt.Println(\"answer\", x+2)\n"), 0o644)
	if out := e.run(e.python, "-m", "jupyter_client.runapp", "--kernel", "groupnb", script); !strings.Contains(out, "answer 42") {
		t.Error(out)
	}
}

const notebook = `{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "groupnb", "display_name": "Go", "language": "go"}},
"cells": [{"cell_type": "code", "id": "a", "execution_count": null, "metadata": {}, "outputs": [], "source": %q}]}`

func TestNbconvert(t *testing.T) {
	t.Parallel()
	e := jupyter(t, map[string]string{"nbconvert": "python3-nbconvert", "nbclient": "python3-nbclient"})
	for _, test := range []struct {
		source string
		ok     bool
		want   string
	}{
		{"import \"fmt\"\nfmt.Println(\"hello\")\n6 * 7", true, `"42"`},
		{"x :=", false, "In [1]"},
	} {
		in, out := filepath.Join(e.dir, "in.ipynb"), filepath.Join(e.dir, "out.ipynb")
		os.WriteFile(in, fmt.Appendf(nil, notebook, test.source), 0o644)
		printed, err := e.command(e.python, "-m", "nbconvert", "--to", "notebook", "--execute", in, "--output", out).CombinedOutput()
		b, _ := os.ReadFile(out)
		if (err == nil) != test.ok || test.ok && !strings.Contains(string(b), test.want) {
			t.Errorf("%q: %v\n%s\n%s", test.source, err, printed, b)
		}
	}
}
