package runner

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Found is a notebook that an argument stands for. Rel is where it lies below the argument's folder; for an argument
// that is a file it is the file's name.
type Found struct{ Path, Rel string }

// Find returns the notebooks that the arguments stand for: files, folders (the notebooks in them), and folders
// followed by /... (those below them too). Hidden folders and Jupyter's checkpoints are left out. An argument without
// any notebook is an error.
func Find(args []string) ([]Found, error) {
	var all []Found
	for _, arg := range args {
		found, err := find(arg)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no notebook in %s", arg)
		}
		all = append(all, found...)
	}
	return all, nil
}

func find(arg string) ([]Found, error) {
	root, deep := arg, false
	if rest, ok := strings.CutSuffix(filepath.ToSlash(arg), "..."); ok && (rest == "" || strings.HasSuffix(rest, "/")) {
		root, deep = filepath.FromSlash(rest), true
	}
	root = filepath.Clean(root)
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []Found{{Path: root, Rel: filepath.Base(root)}}, nil
	}
	var found []Found
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (!deep || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !IsNotebook(path):
			return nil
		}
		rel, err := filepath.Rel(root, path)
		found = append(found, Found{Path: path, Rel: rel})
		return err
	})
	return found, err
}

// IsNotebook reports whether a file's name says that it is a notebook and not the product of a run.
func IsNotebook(path string) bool {
	name := filepath.Base(path)
	return filepath.Ext(name) == ".ipynb" && !strings.HasSuffix(name, ".out.ipynb") && !slices.Contains([]byte("._"), name[0])
}
