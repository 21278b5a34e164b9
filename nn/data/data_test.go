package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn"
)

// offline is a finder that looks in dirs alone.
func offline(dirs ...string) (*finder, *[]string) {
	var notices []string
	return &finder{places: dirs, display: func(s string) { notices = append(notices, s) }}, &notices
}

func TestBuiltInSubset(t *testing.T) {
	f, notices := offline(t.TempDir())
	train, test, err := f.fashion()
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 6000 || test.Len() != 1000 || !slices.Equal(train.Shape(), []int{1, 28, 28}) {
		t.Errorf("%v, %v", train, test)
	}
	if len(*notices) != 1 || (*notices)[0] != train.Notice || !strings.Contains(train.Notice, "built-in first 6,000 + 1,000 images") {
		t.Errorf("notices %q", *notices)
	}
	if train.Label(0) != 9 || train.Classes[9] != "Ankle boot" {
		t.Errorf("the first image is a %s", train.Classes[train.Label(0)])
	}
	if got := train.String(); got != "Fashion-MNIST training set: 6000 images 1x28x28 in 10 classes, from the program" {
		t.Errorf("String: %s", got)
	}
}

func TestFullSetFromDebianPackage(t *testing.T) {
	if _, err := os.Stat(systemFashion); err != nil {
		t.Skip("needs Debian's package dataset-fashion-mnist")
	}
	f, notices := offline(t.TempDir(), systemFashion)
	train, test, err := f.fashion()
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 60000 || test.Len() != 10000 || len(*notices) != 0 || train.Source != systemFashion {
		t.Errorf("%v, %v, notices %q", train, test, *notices)
	}
	small, _, err := FashionMNISTSubset()
	if err != nil || !bytes.Equal(small.pixels, train.First(6000).pixels) || !bytes.Equal(small.labels, train.First(6000).labels) {
		t.Errorf("the built-in subset is not the beginning of the full set (%v)", err)
	}
}

// copySubset writes the built-in files to a folder, as if they were a full set.
func copySubset(t *testing.T) string {
	dir := t.TempDir()
	for i, raw := range [][]byte{subsetTrainImages, subsetTrainLabels, subsetTestImages, subsetTestLabels} {
		if err := os.WriteFile(filepath.Join(dir, fashionParts[i].name+".gz"), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDamagedFilesAreNamed(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		want   []string
	}{
		{"another content", func(string) error { return nil },
			[]string{"train-images-idx3-ubyte.gz", "SHA-256 is ", "want c59f468a"}},
		{"truncated archive", func(dir string) error { return os.Truncate(filepath.Join(dir, "train-images-idx3-ubyte.gz"), 5000) },
			[]string{"train-images-idx3-ubyte.gz", "of 4704000 bytes: unexpected EOF"}},
		{"empty file", func(dir string) error { return os.Truncate(filepath.Join(dir, "train-images-idx3-ubyte.gz"), 0) },
			[]string{"train-images-idx3-ubyte.gz", "the header is truncated"}},
		{"wrong magic", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte.gz"), subsetTrainLabels, 0o644)
		}, []string{"train-images-idx3-ubyte.gz", "the magic number is 0x00000801, want 0x00000803"}},
		{"a file is missing", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte.gz")),
				os.Remove(filepath.Join(dir, "train-images-idx3-ubyte.gz")))
		}, []string{"train-labels-idx1-ubyte.gz"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copySubset(t)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			f, _ := offline(dir)
			_, _, err := f.fashion()
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
		})
	}
}

func TestAFailedDownloadFallsBackWithItsReason(t *testing.T) {
	f, notices := offline(t.TempDir())
	f.cache = filepath.Join(t.TempDir(), "cache")
	f.fetch = func(string) ([]byte, error) { return nil, errors.New("no such host") }
	train, _, err := f.fashion()
	if err != nil || train.Len() != 6000 {
		t.Fatalf("%v, %v", train, err)
	}
	if len(*notices) != 1 || !strings.Contains((*notices)[0], "no such host") {
		t.Errorf("notices %q", *notices)
	}
	if _, err := os.Stat(f.cache); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was written to the cache")
	}
}

func TestDownloadsAreCheckedAndCached(t *testing.T) {
	if _, err := os.Stat(systemFashion); err != nil {
		t.Skip("needs Debian's package dataset-fashion-mnist")
	}
	server := httptest.NewServer(http.FileServer(http.Dir(systemFashion)))
	defer server.Close()
	f, notices := offline()
	f.cache = filepath.Join(t.TempDir(), "cache")
	f.fetch = func(name string) ([]byte, error) { return get(context.Background(), server.URL+"/"+name+".gz") }
	train, _, err := f.fashion()
	if err != nil || train.Len() != 60000 || len(*notices) != 0 {
		t.Fatalf("%v, %v, %q", train, err, *notices)
	}
	again, _ := offline(f.cache)
	if train, _, err = again.fashion(); err != nil || train.Len() != 60000 {
		t.Errorf("from the cache: %v, %v", train, err)
	}
	if _, err := get(context.Background(), server.URL+"/nothing"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestBatchesCoverTheSetOnceInAnOrderOfTheirSeed(t *testing.T) {
	set := numbered(t, 25)
	order := func(l *Loader, seed uint64, epoch int) (first []int) {
		l.Start(seed, epoch)
		var b nn.Batch
		for l.Next(&b) {
			first = append(first, b.Y...)
		}
		return first
	}
	l := set.Batches(10)
	a := order(l, 1, 0)
	if l.Len() != 3 || len(a) != 25 || !slices.Equal(slices.Sorted(slices.Values(a)), order(l.InOrder(), 1, 0)) {
		t.Errorf("order %v", a)
	}
	if !slices.Equal(a, order(set.Batches(10), 1, 0)) || slices.Equal(a, order(l, 2, 0)) || slices.Equal(a, order(l, 1, 1)) {
		t.Error("the order must depend on seed and epoch, and on nothing else")
	}
	if d := l.DropLast(); d.Len() != 2 || len(order(d, 1, 0)) != 20 {
		t.Error("DropLast kept the last batch")
	}
}

// numbered is a set whose image i is filled with i and has label i.
func numbered(t *testing.T, n int) *Set {
	t.Helper()
	pixels, labels := make([]uint8, n*3*4*4), make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(i)
		for j := range 48 {
			pixels[i*48+j] = uint8(i*7 + j)
		}
	}
	s, err := NewSet("numbers", 3, 4, 4, pixels, labels)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNormaliseAndParts(t *testing.T) {
	s := numbered(t, 10)
	x := s.Range(2, 3).Normalise(0.5, 0.25, 0, 0.5, 1, 2).Tensor()
	for c, want := range []float32{(14.0/255 - 0.5) / 0.5, (30.0/255 - 0.25) / 1, (46.0/255 - 0) / 2} {
		if d := x.At(0, c, 0, 0) - want; d > 1e-6 || d < -1e-6 {
			t.Errorf("channel %d: %g, want %g", c, x.At(0, c, 0, 0), want)
		}
	}
	first, rest := s.Split(4)
	if first.Len() != 4 || rest.Len() != 6 || rest.Label(0) != 4 || s.First(99).Len() != 10 {
		t.Error("Split or First")
	}
	if _, err := NewSet("bad", 1, 2, 2, make([]uint8, 7), make([]uint8, 2)); err == nil ||
		err.Error() != "bad: 7 pixels for 2 images of 1x2x2, want 8" {
		t.Errorf("%v", err)
	}
}

func TestAugmentationsAreRepeatable(t *testing.T) {
	s := numbered(t, 40).Augment(HFlip(), PadCrop(2), Cutout(2), RandomErase(0.5))
	read := func(seed uint64) []float32 {
		l := s.Batches(40)
		l.Start(seed, 3)
		var b nn.Batch
		l.Next(&b)
		return b.X.Data
	}
	if !slices.Equal(read(5), read(5)) || slices.Equal(read(5), read(6)) {
		t.Error("augmentation must depend on the seed, and on nothing else")
	}
	var b nn.Batch
	s.Read(&b, []int{0})
	if !slices.Equal(b.X.Data, numbered(t, 1).Tensor().Data) {
		t.Error("reading a set without a loader must not augment")
	}
}

func TestShift(t *testing.T) {
	for _, c := range []struct {
		dy, dx int
		want   string
	}{
		{0, 0, "123456789"}, {1, 0, "456789000"}, {-1, 0, "000123456"}, {0, 1, "230560890"}, {0, -1, "012045078"},
		{-1, 1, "000230560"}, {3, 0, "000000000"}, {0, -5, "000000000"},
	} {
		plane := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}
		shift(plane, 3, 3, c.dy, c.dx)
		got := ""
		for _, v := range plane {
			got += string(rune('0' + int(v)))
		}
		if got != c.want {
			t.Errorf("shift by %d, %d: %s, want %s", c.dy, c.dx, got, c.want)
		}
	}
}

func FuzzReadIDX(f *testing.F) {
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 7, 9}, 1)
	f.Add([]byte{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1}, 3)
	f.Add(subsetTestLabels, 1)
	f.Fuzz(func(t *testing.T, raw []byte, dims int) {
		if dims < 1 || dims > 4 {
			return
		}
		x, err := readIDX(bytes.NewReader(raw), dims)
		if err != nil {
			return
		}
		n := 1
		for _, d := range x.shape {
			n *= d
		}
		if len(x.data) != n {
			t.Errorf("%d bytes for shape %v", len(x.data), x.shape)
		}
	})
}

func FuzzPart(f *testing.F) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte{0, 0, 8, 1, 0, 0, 0, 1, 5})
	z.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		part{name: "x", dims: 1}.parse(raw)
	})
}
