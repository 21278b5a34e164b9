package nn

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// replaceFile writes a file beside path and renames it once it is on the disk, so that whatever dies, one of the two is there whole.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	f, err := draft(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
		f.Close()
	}()
	b := bufio.NewWriterSize(f, 1<<20)
	if err = write(b); err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Chmod(0o644); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// draft opens the file that becomes path: an empty one beside it, always of the same name, so that what a killed process left is
// written over. A lock, which ends with its process, keeps writers of one path apart.
func draft(path string) (*os.File, error) {
	dir, base := filepath.Dir(path), "."+filepath.Base(path)
	for {
		f, err := openLocked(filepath.Join(dir, base+".part"))
		if errors.Is(err, errors.ErrUnsupported) { // no locks on this file system
			return os.CreateTemp(dir, base+"*")
		}
		if err != nil {
			return nil, err
		}
		if ours(f) {
			return f, f.Truncate(0)
		}
		f.Close() // whoever had the lock before has made it path, or removed it
	}
}

// ours says that f still has its name.
func ours(f *os.File) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(held, named)
}

// writable says before the first epoch, not after it, that a file can't be written.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("it is a directory")
	}
	f, err := draft(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return os.Remove(f.Name())
}
