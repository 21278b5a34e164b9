package notebook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Read reads the notebook in a file; one named .md or .qmd holds a Markdown twin, one named .go the percent format.
func Read(path string) (*Notebook, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	nb, err := decodeAs(path, data)
	if err != nil {
		return nil, fmt.Errorf("read notebook %s: %w", path, err)
	}
	return nb, nil
}

func decodeAs(path string, data []byte) (*Notebook, error) {
	switch {
	case IsMarkdown(path):
		return ParseMarkdown(data)
	case filepath.Ext(path) == ".go":
		return ParseGoFile(data)
	}
	return Decode(data)
}

// IsMarkdown reports whether a file's name says that it holds a Markdown twin.
func IsMarkdown(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".md" || ext == ".qmd"
}

// WriteFile writes the notebook, to a file named .md or .qmd its Markdown twin, to one named .go its percent format. At
// every moment the file holds either all of the old or all of the new: a temporary file in the same folder is synced
// and renamed. The mode of an existing file is kept; if path is a symbolic link, the file it leads to is replaced.
func (nb *Notebook) WriteFile(path string) error { return WriteAtomically(path, nb.EncodeAs(path)) }

// EncodeAs returns the bytes that [Notebook.WriteFile] writes to a file of that name.
func (nb *Notebook) EncodeAs(path string) []byte {
	switch {
	case IsMarkdown(path):
		return nb.Markdown()
	case filepath.Ext(path) == ".go":
		return nb.GoFile()
	}
	return nb.Encode()
}

// WriteAtomically is [Notebook.WriteFile] for any bytes.
func WriteAtomically(path string, data []byte) error {
	target, err := resolve(path)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(target); err == nil {
		if !info.Mode().IsRegular() {
			return writeDevice(target, data)
		}
		mode = info.Mode().Perm()
	}
	return replace(target, data, mode)
}

// resolve follows symbolic links, also those that lead to nothing yet.
func resolve(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return target, err
	}
	target, err = os.Readlink(path)
	if err != nil {
		return path, nil
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return target, nil
}

// writeDevice writes to what can't be replaced, such as /dev/stdout.
func writeDevice(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func replace(path string, data []byte, mode fs.FileMode) error {
	dir, base := filepath.Split(path)
	f, err := createBeside(dir, base, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	syncDir(dir)
	return nil
}

// createBeside makes the temporary file. A file that is there already keeps its exact mode; a new one gets what the
// umask leaves.
func createBeside(dir, base string, mode fs.FileMode) (*os.File, error) {
	for n := os.Getpid(); ; n++ {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%d.tmp", base, n))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(dir, base)); err == nil {
			if err := f.Chmod(mode); err != nil {
				f.Close()
				os.Remove(name)
				return nil, err
			}
		}
		return f, nil
	}
}

// syncDir makes the rename survive a power cut. Some file systems refuse to sync a folder; the file is whole all the
// same, so that is no error.
func syncDir(dir string) {
	if dir == "" {
		dir = "."
	}
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// CheckWritable returns the error that writing to path would give, without changing the file.
func CheckWritable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", path)
	}
	target, err := resolve(path)
	if err != nil {
		return err
	}
	if info, err := os.Stat(target); err == nil && !info.Mode().IsRegular() {
		return nil
	}
	dir, base := filepath.Split(target)
	f, err := createBeside(dir, base, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}
