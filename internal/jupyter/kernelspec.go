package jupyter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/internal/jupyter/logo"
)

// A Location says where kernelspecs are installed. At most one of its fields is set; none means the user's.
type Location struct {
	User      bool   // of the user
	SysPrefix bool   // of the active virtual or conda environment, or of the python3 on the path
	Prefix    string // below this directory
}

// InstallOptions describe the kernelspec to install.
type InstallOptions struct {
	Location
	Name        string            // "groupnb" if empty; ASCII letters, digits, dash, dot and underscore
	DisplayName string            // "Go (groupnb)" if empty
	Env         map[string]string // for the kernel; ${VAR} stands for the front end's variable
	Executable  string            // this program if empty
}

const defaultName = "groupnb"

// kernelspec is the content of kernel.json.
type kernelspec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env,omitempty"`
	Metadata      map[string]any    `json:"metadata"`
}

// mark is the key of the metadata by which kernelspecs of ours are known.
const mark = "groupnb"

func (s kernelspec) ours() bool { _, ok := s.Metadata[mark]; return ok && len(s.Argv) > 0 }

var validName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// Install writes a kernelspec and returns its directory. It replaces an older one of ours, but no other.
func Install(o InstallOptions) (dir string, err error) {
	if o.Name == "" {
		o.Name = defaultName
	}
	if !validName.MatchString(o.Name) {
		return "", fmt.Errorf("kernel name %q may hold only ASCII letters, digits, dash, dot and underscore", o.Name)
	}
	if o.DisplayName == "" {
		o.DisplayName = "Go (groupnb)"
	}
	data, err := o.dataDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(data, "kernels", o.Name)
	if old, err := readSpec(dir); err == nil && !old.ours() {
		return "", fmt.Errorf("%s holds another kernel, %q; choose another name", dir, old.DisplayName)
	}
	if o.Executable, err = executable(o.Executable); err != nil {
		return "", err
	}
	return dir, writeSpec(dir, kernelspec{
		Argv:          []string{o.Executable, "kernel", "--connection-file", "{connection_file}"},
		DisplayName:   o.DisplayName,
		Language:      "go",
		InterruptMode: "message",
		Env:           o.Env,
		Metadata:      map[string]any{mark: map[string]any{}, "debugger": false},
	})
}

// executable returns an absolute path that will still be there when Jupyter starts the kernel.
func executable(path string) (string, error) {
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return "", fmt.Errorf("find this program: %w", err)
		}
		if strings.HasPrefix(self, filepath.Join(os.TempDir(), "go-build")) {
			return "", errors.New("this program was built by go run and vanishes when it ends; build it with go install or go build first")
		}
		path = self
	}
	return filepath.Abs(path)
}

func writeSpec(dir string, s kernelspec) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("install kernelspec: %w", err)
	}
	files := map[string][]byte{}
	for _, name := range logo.Names {
		files[name], _ = logo.Files.ReadFile(name) // embedded: it is there
	}
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	files["kernel.json"] = append(b, '\n')
	for name, b := range files {
		if err := replaceFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return fmt.Errorf("install kernelspec: %w", err)
		}
	}
	return nil
}

func readSpec(dir string) (kernelspec, error) {
	var s kernelspec
	b, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(b, &s)
}

// Uninstall removes a kernelspec of ours and returns its directory. Without a location it removes the one that Jupyter
// finds first.
func Uninstall(name string, l Location) (dir string, err error) {
	if name == "" {
		name = defaultName
	}
	dirs := searchPath()
	if l != (Location{}) {
		data, err := l.dataDir()
		if err != nil {
			return "", err
		}
		dirs = []string{data}
	}
	for _, data := range dirs {
		dir := filepath.Join(data, "kernels", name)
		s, err := readSpec(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || !s.ours() {
			return "", fmt.Errorf("%s is no kernel of groupnb", dir)
		}
		return dir, os.RemoveAll(dir)
	}
	return "", fmt.Errorf("no kernel %q below %s", name, strings.Join(dirs, ", "))
}

// An Installed is a kernelspec of ours that Jupyter finds.
type Installed struct {
	Name        string
	DisplayName string
	Dir         string
	Executable  string
	Missing     bool // the executable is no longer there
	Shadowed    bool // Jupyter prefers another kernelspec of the same name
}

// List returns the kernelspecs of ours in the order in which Jupyter looks for them.
func List() ([]Installed, error) {
	var all []Installed
	seen := map[string]bool{}
	for _, data := range searchPath() {
		entries, err := os.ReadDir(filepath.Join(data, "kernels"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return all, fmt.Errorf("list kernels: %w", err)
		}
		for _, e := range entries {
			dir := filepath.Join(data, "kernels", e.Name())
			s, err := readSpec(dir)
			if err != nil {
				continue
			}
			name := strings.ToLower(e.Name()) // as Jupyter compares them
			if s.ours() {
				_, err := os.Stat(s.Argv[0])
				all = append(all, Installed{e.Name(), s.DisplayName, dir, s.Argv[0], err != nil, seen[name]})
			}
			seen[name] = true
		}
	}
	return slices.Clip(all), nil
}
