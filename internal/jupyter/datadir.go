package jupyter

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// dataDir is the directory of Jupyter's data at a location.
func (l Location) dataDir() (string, error) {
	chosen := 0
	for _, b := range []bool{l.User, l.SysPrefix, l.Prefix != ""} {
		if b {
			chosen++
		}
	}
	switch {
	case chosen > 1:
		return "", errors.New("choose one of user, sys-prefix and prefix")
	case l.Prefix != "":
		return filepath.Abs(filepath.Join(l.Prefix, "share", "jupyter"))
	case l.SysPrefix:
		prefix := sysPrefix()
		if prefix == "" {
			return "", errors.New("no active virtual or conda environment and no python3 on the path; name the directory with prefix")
		}
		return filepath.Join(prefix, "share", "jupyter"), nil
	}
	return userDataDir()
}

// userDataDir is where Jupyter keeps a user's data on each system.
func userDataDir() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		if dir := os.Getenv("APPDATA"); dir != "" {
			return filepath.Join(dir, "jupyter"), nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the user's data directory: %w", err)
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Jupyter"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter"), nil
}

// sysPrefix is what Python calls sys.prefix, "" if it can't be known.
func sysPrefix() string {
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if dir := os.Getenv(name); dir != "" {
			return dir
		}
	}
	out, err := exec.Command("python3", "-c", "import sys; print(sys.prefix)").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// searchPath lists the directories of Jupyter's data in the order in which Jupyter looks for kernels.
func searchPath() []string {
	var dirs []string
	add := func(dir string) {
		if dir != "" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range filepath.SplitList(os.Getenv("JUPYTER_PATH")) {
		add(dir)
	}
	if dir, err := userDataDir(); err == nil {
		add(dir)
	}
	if prefix := sysPrefix(); prefix != "" {
		add(filepath.Join(prefix, "share", "jupyter"))
	}
	if runtime.GOOS == "windows" {
		add(filepath.Join(os.Getenv("PROGRAMDATA"), "jupyter"))
		return dirs
	}
	add("/usr/local/share/jupyter")
	add("/usr/share/jupyter")
	return dirs
}
