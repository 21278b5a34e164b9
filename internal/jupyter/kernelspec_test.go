package jupyter

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// isolate points every place where Jupyter looks for kernels that can be pointed elsewhere into a fresh directory.
func isolate(t *testing.T) (dir string) {
	dir = t.TempDir()
	for name, sub := range map[string]string{"JUPYTER_DATA_DIR": "data", "JUPYTER_PATH": "path", "VIRTUAL_ENV": "venv", "HOME": "home"} {
		t.Setenv(name, filepath.Join(dir, sub))
	}
	return dir
}

func TestInstallWritesAKernelspec(t *testing.T) {
	root := isolate(t)
	for _, test := range []struct {
		o   InstallOptions
		dir string
	}{
		{InstallOptions{}, "data/kernels/groupnb"},
		{InstallOptions{Location: Location{User: true}}, "data/kernels/groupnb"},
		{InstallOptions{Location: Location{SysPrefix: true}}, "venv/share/jupyter/kernels/groupnb"},
		{InstallOptions{Location: Location{Prefix: filepath.Join(root, "p")}, Name: "go.1-26_x"}, "p/share/jupyter/kernels/go.1-26_x"},
	} {
		test.o.Executable = "/opt/groupnb"
		test.o.Env = map[string]string{"A": "${B}"}
		dir, err := Install(test.o)
		if err != nil || dir != filepath.Join(root, test.dir) {
			t.Errorf("%+v: %s, %v", test.o, dir, err)
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
		if err != nil {
			t.Error(err)
		}
		var got map[string]any
		json.Unmarshal(b, &got)
		want := map[string]any{
			"argv":         []any{"/opt/groupnb", "kernel", "--connection-file", "{connection_file}"},
			"display_name": "Go (groupnb)", "language": "go", "interrupt_mode": "message",
			"env":      map[string]any{"A": "${B}"},
			"metadata": map[string]any{"groupnb": map[string]any{}, "debugger": false},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		for name, size := range map[string]int{"logo-32x32.png": 32, "logo-64x64.png": 64} {
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Error(err)
				continue
			}
			if m, err := png.Decode(f); err != nil || m.Bounds().Dx() != size || m.Bounds().Dy() != size {
				t.Errorf("%s: %v, %v", name, m.Bounds(), err)
			}
			f.Close()
		}
	}
}

func TestInstallRefuses(t *testing.T) {
	root := isolate(t)
	foreign := filepath.Join(root, "data", "kernels", "python3")
	os.MkdirAll(foreign, 0o755)
	os.WriteFile(filepath.Join(foreign, "kernel.json"), []byte(`{"argv": ["python3"], "display_name": "Python 3"}`), 0o644)
	for want, o := range map[string]InstallOptions{
		"may hold only":    {Name: "a b"},
		"choose one of":    {Location: Location{User: true, SysPrefix: true}},
		"another kernel":   {Name: "python3"},
		"built by go run":  {}, // a test binary is one, too
		"not a directory":  {Location: Location{Prefix: "/dev/null"}, Executable: "x"},
		"may hold only AS": {Name: ".."},
	} {
		if _, err := Install(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	if _, err := Uninstall("python3", Location{}); err == nil {
		t.Error("a foreign kernel was removed")
	}
}

func TestListAndUninstall(t *testing.T) {
	root := isolate(t)
	exe := filepath.Join(root, "exe")
	os.WriteFile(exe, nil, 0o755)
	user, _ := Install(InstallOptions{Executable: exe})
	env, _ := Install(InstallOptions{Location: Location{SysPrefix: true}, Executable: "/gone"})
	all, err := List()
	all = slices.DeleteFunc(all, func(i Installed) bool { return !strings.HasPrefix(i.Dir, root) })
	want := []Installed{
		{"groupnb", "Go (groupnb)", user, exe, false, false},
		{"groupnb", "Go (groupnb)", env, "/gone", true, true},
	}
	if d := cmp.Diff(want, all); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	for _, dir := range []string{user, env} {
		if got, err := Uninstall("", Location{}); got != dir || err != nil {
			t.Errorf("removed %s, %v, want %s", got, err, dir)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := Uninstall("", Location{User: true}); err == nil {
		t.Error("what isn't there was removed")
	}
}
