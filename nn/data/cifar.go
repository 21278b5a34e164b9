package data

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/repl/display"
)

// Where CIFAR-10's binary version is published, and what its archive must be.
const (
	cifarURL    = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
	cifarSHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
	cifarLimit  = 1 << 28
)

// Sizes of a CIFAR image.
const (
	cifarSide   = 32
	cifarPixels = 3 * cifarSide * cifarSide
)

var cifar10Classes = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// CIFAR10 returns the 50,000 training and 10,000 test images (3, 32, 32) of CIFAR-10 (Krizhevsky 2009). It looks for the
// folder cifar-10-batches-bin or the archive cifar-10-binary.tar.gz in $GROUPNB_DATA and the user's cache, and else
// downloads the archive of 170 MB to the cache, unless GROUPNB_OFFLINE is 1.
func CIFAR10() (train, test *Set, err error) {
	f := newFinder()
	for _, dir := range f.folders() {
		train, test, err = cifar10In(dir)
		if !errors.Is(err, fs.ErrNotExist) {
			return train, test, err
		}
	}
	if f.cache == "" {
		return nil, nil, errors.New("CIFAR-10: not found; put cifar-10-binary.tar.gz into the folder that GROUPNB_DATA names")
	}
	dir := filepath.Dir(f.cache)
	if err := fetchTo(display.Context(), cifarURL, filepath.Join(dir, "cifar-10-binary.tar.gz"), cifarSHA256, cifarLimit); err != nil {
		return nil, nil, fmt.Errorf("CIFAR-10: %w; put cifar-10-binary.tar.gz into the folder that GROUPNB_DATA names", err)
	}
	return cifar10In(dir)
}

// folders are where data sets other than Fashion-MNIST may be.
func (f *finder) folders() []string {
	var dirs []string
	if dir := os.Getenv("GROUPNB_DATA"); dir != "" {
		dirs = append(dirs, dir)
	}
	if dir, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(dir, "groupnb"))
	}
	return dirs
}

func cifar10In(dir string) (train, test *Set, err error) {
	folder := filepath.Join(dir, "cifar-10-batches-bin")
	if _, err := os.Stat(folder); err == nil {
		var files []string
		for _, name := range cifarBatches {
			files = append(files, filepath.Join(folder, name))
		}
		return cifarFiles("CIFAR-10", folder, cifar10Classes, 1, files[:5], files[5])
	}
	return cifar10Archive(filepath.Join(dir, "cifar-10-binary.tar.gz"))
}

// CIFAR100 reads CIFAR-100's binary version with its 100 fine classes from a folder that holds train.bin and test.bin.
func CIFAR100(folder string) (train, test *Set, err error) {
	classes, err := readLines(filepath.Join(folder, "fine_label_names.txt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	return cifarFiles("CIFAR-100", folder, classes, 2, []string{filepath.Join(folder, "train.bin")}, filepath.Join(folder, "test.bin"))
}

func readLines(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(raw)), nil
}

func cifarFiles(name, source string, classes []string, labels int, trainFiles []string, testFile string) (train, test *Set, err error) {
	var parts [2][]byte
	for i, files := range [][]string{trainFiles, {testFile}} {
		for _, path := range files {
			raw, err := os.ReadFile(path)
			if err != nil {
				return nil, nil, err
			}
			if len(raw) == 0 || len(raw)%(labels+cifarPixels) != 0 {
				return nil, nil, fmt.Errorf("read %s: %d bytes are not a number of images of %d", path, len(raw), labels+cifarPixels)
			}
			parts[i] = append(parts[i], raw...)
		}
	}
	return cifarSets(name, source, classes, labels, parts)
}

func cifarSets(name, source string, classes []string, labels int, parts [2][]byte) (train, test *Set, err error) {
	var sets [2]*Set
	for i, kind := range []string{"training", "test"} {
		if sets[i], err = cifarSet(fmt.Sprintf("%s %s set", name, kind), parts[i], labels, max(10, len(classes))); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", source, err)
		}
		sets[i].Source, sets[i].Classes = source, classes
	}
	return sets[0], sets[1], nil
}

// cifarSet takes records of label bytes, of which the last counts, and pixels apart.
func cifarSet(name string, raw []byte, labels, classes int) (*Set, error) {
	record := labels + cifarPixels
	n := len(raw) / record
	pixels, y := make([]uint8, 0, n*cifarPixels), make([]uint8, n)
	if labels == 2 {
		classes = 100
	}
	for i := range n {
		r := raw[i*record:][:record]
		if y[i] = r[labels-1]; int(y[i]) >= classes {
			return nil, fmt.Errorf("image %d has label %d, there are %d classes", i, y[i], classes)
		}
		pixels = append(pixels, r[labels:]...)
	}
	return NewSet(name, 3, cifarSide, cifarSide, pixels, y)
}

// cifar10Archive reads the published archive.
func cifar10Archive(path string) (train, test *Set, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	parts, err := cifarParts(f, 10000)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return cifarSets("CIFAR-10", path, cifar10Classes, 1, parts)
}

// cifarBatches are the archive's files that count, in the order of their images; the archive has them in another.
var cifarBatches = []string{
	"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin",
}

// cifarParts reads the batches of that many images each from an archive: those for training, joined, and the tests.
func cifarParts(r io.Reader, images int) (parts [2][]byte, err error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return parts, fmt.Errorf("gzip: %w", noEOF(err))
	}
	found := map[string][]byte{}
	for t := tar.NewReader(atMost(z, cifarLimit)); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return parts, err
		}
		name := filepath.Base(h.Name)
		if !slices.Contains(cifarBatches, name) {
			continue
		}
		if found[name] != nil {
			return parts, fmt.Errorf("%s is there twice", name)
		}
		if found[name], err = cifarBatch(t, images*(1+cifarPixels)); err != nil {
			return parts, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range cifarBatches {
		if found[name] == nil {
			return parts, fmt.Errorf("%s is not in the archive", name)
		}
	}
	for _, name := range cifarBatches[:5] {
		parts[0] = append(parts[0], found[name]...)
	}
	parts[1] = found[cifarBatches[5]]
	return parts, nil
}

func cifarBatch(r io.Reader, want int) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, int64(want)+1))
	switch {
	case err != nil:
		return nil, noEOF(err)
	case len(raw) > want:
		return nil, fmt.Errorf("more than %d bytes", want)
	case len(raw) < want:
		return nil, fmt.Errorf("%d bytes, want %d", len(raw), want)
	}
	return raw, nil
}

// fetchTo downloads a file, checks it and puts it into place.
func fetchTo(ctx context.Context, url, path, sum string, limit int64) error {
	raw, err := getLimited(ctx, url, limit)
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	if got := sha256.Sum256(raw); hex.EncodeToString(got[:]) != sum {
		return fmt.Errorf("download %s: SHA-256 is %x, want %s", url, got, sum)
	}
	return keep(path, raw)
}
