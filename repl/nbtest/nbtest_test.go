package nbtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestPassing(t *testing.T) { Dir(t, "testdata/passing") }

// TestAsked tests what the environment names; the other tests start it in a process of its own.
func TestAsked(t *testing.T) {
	dir := os.Getenv("NBTEST_DIR")
	if dir == "" {
		t.Skip("only started by other tests")
	}
	Options{Update: os.Getenv("NBTEST_UPDATE") != ""}.Dir(t, dir)
}

// ask runs go test on a folder of notebooks and returns what it prints.
func ask(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-test.v"}, args...)...)
	cmd.Env = append(os.Environ(), "NBTEST_DIR="+dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestFailingCellsFailTheirSubtests(t *testing.T) {
	out, err := ask(t, "testdata/failing", "-test.run=TestAsked")
	if err == nil {
		t.Error("passed")
	}
	for _, want := range []string{
		"--- PASS: TestAsked/fails.ipynb/01_Train",
		"--- FAIL: TestAsked/fails.ipynb/02_Train",
		"cell 2 of 2, line 1: undefined: missing",
		"--- FAIL: TestAsked/differs.ipynb/01",
		"text/plain of output 1 differs",
		"- 41",
		"+ 42",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestRunLeavesOutSubtests(t *testing.T) {
	out, err := ask(t, "testdata/passing", "-test.run=TestAsked/good.ipynb/02")
	if err != nil || strings.Contains(out, "/01_") || !strings.Contains(out, "--- PASS: TestAsked/good.ipynb/02_Sums") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/failing/differs.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/x.ipynb", data, 0o644); err != nil {
		t.Fatal(err)
	}
	Options{Update: true}.Dir(t, dir)
	Dir(t, dir)
}
