package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/groupnb/groupnb/repl"
)

func TestMain(m *testing.M) {
	repl.Hook()
	testscript.Main(m, map[string]func(){"groupnb": main})
}

// TestScripts runs testdata/script/*.txtar, each about one subject as a user meets it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"stopped": stopped,
			"gone":    gone,
		},
	})
}

// exits CODE COMMAND... runs a command and wants its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	code := exitCodeOf(ts.Exec(args[1], args[2:]...))
	if want := atoi(ts, args[0]); code != want || neg {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// stopped SIGNALS MARKER CODE COMMAND... starts a command, sends it the signals (INT, or INT,INT) as soon as the file
// MARKER is there, and wants the exit code. Its outputs are left in the files stdout and stderr.
func stopped(ts *testscript.TestScript, neg bool, args []string) {
	signals, marker, want := args[0], ts.MkAbs(args[1]), atoi(ts, args[2])
	var out, errs bytes.Buffer
	path, err := exec.LookPath(args[3])
	if found := filepath.Join(firstDir(ts.Getenv("PATH")), args[3]); err != nil {
		path = found
	}
	cmd := exec.Command(path, args[4:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), &out, &errs
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), "NO_COLOR=1", "TMPDIR=" + os.TempDir()}
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	awaitFile(ts, marker, ended, &errs)
	for _, name := range strings.Split(signals, ",") {
		ts.Check(cmd.Process.Signal(map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[name]))
	}
	code := exitCodeOf(<-ended)
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), out.Bytes(), 0o666))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), errs.Bytes(), 0o666))
	if code != want || neg {
		ts.Fatalf("exit code %d, want %d\n%s%s", code, want, out.String(), errs.String())
	}
}

func firstDir(path string) string {
	dir, _, _ := strings.Cut(path, string(filepath.ListSeparator))
	return dir
}

// awaitFile waits until a file is there and not empty.
func awaitFile(ts *testscript.TestScript, path string, ended <-chan error, errs *bytes.Buffer) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			ts.Fatalf("ended before %s was there: %v\n%s", path, err, errs)
		case <-look.C:
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				return
			}
		}
	}
}

// gone FILE wants that the process whose number is in the file has ended.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	pid := atoi(ts, strings.TrimSpace(ts.ReadFile(args[0])))
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) || neg {
		ts.Fatalf("process %d is still there: %v", pid, err)
	}
}

func exitCodeOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

func atoi(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}
