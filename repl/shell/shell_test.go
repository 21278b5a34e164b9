package shell

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/groupnb/groupnb/repl/display"
)

func TestRunTellsTheStatus(t *testing.T) {
	if err := Run("exit 0"); err != nil {
		t.Error(err)
	}
	if err := Run("exit 3"); err == nil || err.Error() != "exit status 3" {
		t.Error(err)
	}
}

type host struct {
	display.Host
	ctx context.Context
}

func (h host) Context() context.Context { return h.ctx }

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer display.SetHost(host{ctx: ctx})()
	started := filepath.Join(t.TempDir(), "started")
	go func() {
		for {
			if _, err := os.Stat(started); err == nil {
				cancel()
				return
			}
		}
	}()
	begin := time.Now()
	if err := Run("touch " + started + "; exec sleep 60"); err == nil || err.Error() != "interrupted" {
		t.Error(err)
	}
	if d := time.Since(begin); d > 30*time.Second {
		t.Errorf("after %v", d)
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, step := range []struct {
		text string
		add  bool
		want string
	}{{"one\n", false, "one\n"}, {"two\n", true, "one\ntwo\n"}, {"three", false, "three"}} {
		if err := WriteFile(path, step.text, step.add); err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(path); string(b) != step.want {
			t.Errorf("%q, want %q", b, step.want)
		}
	}
	if err := WriteFile(filepath.Join(path, "g"), "", false); err == nil {
		t.Error("a file below a file was written")
	}
}

func TestChdir(t *testing.T) {
	t.Chdir(".")
	home := t.TempDir()
	t.Setenv("HOME", home)
	os.Mkdir(filepath.Join(home, "sub"), 0o755)
	for _, dir := range []string{"", "~", "~/sub", filepath.Join(home, "sub")} {
		if err := Chdir(dir); err != nil {
			t.Error(err)
		}
		want := filepath.Join(home, map[bool]string{true: "sub"}[len(dir) > 1])
		if got, _ := os.Getwd(); got != want {
			t.Errorf("%q leads to %s, want %s", dir, got, want)
		}
	}
}
