package notebook

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.ipynb"), filepath.Join(dir, "link.ipynb")
	if err := os.WriteFile(real, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.ipynb", link); err != nil {
		t.Fatal(err)
	}
	if err := rich().WriteFile(link); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v %v", info, err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode changed: %v %v", info, err)
	}
	if _, err := Read(real); err != nil {
		t.Error(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("temporary files are left: %v", files)
	}
}

func TestWriteFileThroughADanglingLink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link.ipynb")
	if err := os.Symlink("later.ipynb", link); err != nil {
		t.Fatal(err)
	}
	if err := rich().WriteFile(link); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(filepath.Join(dir, "later.ipynb")); err != nil {
		t.Error(err)
	}
}

func TestAFailedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	if err := rich().WriteFile(filepath.Join(dir, "missing", "x.ipynb")); err == nil {
		t.Error("wrote into a folder that does not exist")
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("left %v", files)
	}
}
