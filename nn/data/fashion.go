package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/groupnb/groupnb/repl/display"
)

//go:generate go run ./internal/subset

// The first 6,000 training and 1,000 test images of Fashion-MNIST (Zalando SE, MIT licence).
var (
	//go:embed fashion/train-images-idx3-ubyte.gz
	subsetTrainImages []byte
	//go:embed fashion/train-labels-idx1-ubyte.gz
	subsetTrainLabels []byte
	//go:embed fashion/t10k-images-idx3-ubyte.gz
	subsetTestImages []byte
	//go:embed fashion/t10k-labels-idx1-ubyte.gz
	subsetTestLabels []byte
)

// fashionClasses are the labels 0 to 9.
var fashionClasses = []string{
	"T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
}

// part is a file of a data set; its checksum is of the decompressed content, for the archive differs between publishers.
type part struct {
	name   string
	dims   int
	sha256 string
}

var fashionParts = [4]part{
	{"train-images-idx3-ubyte", 3, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
	{"train-labels-idx1-ubyte", 1, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
	{"t10k-images-idx3-ubyte", 3, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
	{"t10k-labels-idx1-ubyte", 1, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
}

// systemFashion is where Debian's package dataset-fashion-mnist puts its files.
const systemFashion = "/usr/share/datasets/fashion-mnist"

// FashionMNIST returns the 60,000 training and 10,000 test images (1, 28, 28) of Zalando's Fashion-MNIST (Xiao et al.
// 2017). It looks for the files, gzipped or not, in $GROUPNB_DATA (itself or its folder fashion-mnist), in
// /usr/share/datasets/fashion-mnist and in the user's cache, and else downloads them to the cache, which it gives up
// after a few seconds without an answer and does not try if GROUPNB_OFFLINE is 1.
//
// Without any of these it returns the first 6,000 and 1,000 images, which are part of the program, and says so once on
// the display and in the sets' Notice. A damaged file is an error that names it; no other place is tried then.
func FashionMNIST() (train, test *Set, err error) {
	return newFinder().fashion()
}

// finder looks for data sets; tests give it other places.
type finder struct {
	places  []string // folders to look in, in order
	cache   string   // folder to download to, "" for no download
	fetch   func(name string) ([]byte, error)
	display func(notice string)
}

func newFinder() *finder {
	f := &finder{display: func(s string) { display.Show(s) }}
	if dir := os.Getenv("GROUPNB_DATA"); dir != "" {
		f.places = append(f.places, filepath.Join(dir, "fashion-mnist"), dir)
	}
	f.places = append(f.places, systemFashion)
	if dir, err := os.UserCacheDir(); err == nil {
		cache := filepath.Join(dir, "groupnb", "fashion-mnist")
		f.places = append(f.places, cache)
		if os.Getenv("GROUPNB_OFFLINE") != "1" {
			f.cache, f.fetch = cache, download
		}
	}
	return f
}

func (f *finder) fashion() (train, test *Set, err error) {
	for _, dir := range f.places {
		parts, err := readParts(dir, fashionParts)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("Fashion-MNIST: %w", err)
		}
		return fashionSets(parts, dir, "")
	}
	reason := "no copy of the full set was found"
	if f.cache != "" {
		parts, err := f.downloadAll()
		if err == nil {
			return fashionSets(parts, f.cache, "")
		}
		reason = err.Error()
	}
	notice := "Fashion-MNIST: using the built-in first 6,000 + 1,000 images (" + reason + ")"
	if train, test, err = embeddedFashion(notice); err == nil {
		f.display(notice)
	}
	return train, test, err
}

// FashionMNISTSubset returns the built-in first 6,000 training and 1,000 test images, wherever the full set may be.
func FashionMNISTSubset() (train, test *Set, err error) { return embeddedFashion("") }

func embeddedFashion(notice string) (train, test *Set, err error) {
	var parts [4]*idx
	for i, raw := range [][]byte{subsetTrainImages, subsetTrainLabels, subsetTestImages, subsetTestLabels} {
		p := fashionParts[i]
		p.sha256 = ""
		if parts[i], err = p.parse(raw); err != nil {
			return nil, nil, fmt.Errorf("built-in %s: %w", p.name, err)
		}
	}
	return fashionSets(parts, "the program", notice)
}

func fashionSets(parts [4]*idx, source, notice string) (train, test *Set, err error) {
	if train, err = labelled("Fashion-MNIST training set", parts[0], parts[1]); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", source, err)
	}
	if test, err = labelled("Fashion-MNIST test set", parts[2], parts[3]); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", source, err)
	}
	for _, s := range []*Set{train, test} {
		s.Source, s.Notice, s.Classes = source, notice, fashionClasses
	}
	return train, test, nil
}

// labelled joins images with their labels.
func labelled(name string, images, labels *idx) (*Set, error) {
	n, h, w := images.shape[0], images.shape[1], images.shape[2]
	if len(labels.data) != n {
		return nil, fmt.Errorf("%s: %d images but %d labels", name, n, len(labels.data))
	}
	return NewSet(name, 1, h, w, images.data, labels.data)
}

// readParts reads all parts from a folder. The error wraps fs.ErrNotExist only if none of them is there.
func readParts(dir string, want [4]part) (got [4]*idx, err error) {
	found := 0
	var missing error
	for i, p := range want {
		raw, path, err := readEither(filepath.Join(dir, p.name))
		if errors.Is(err, fs.ErrNotExist) {
			missing = err
			continue
		}
		if err != nil {
			return got, err
		}
		found++
		if got[i], err = p.parse(raw); err != nil {
			return got, fmt.Errorf("read %s: %w", path, err)
		}
	}
	if missing != nil && found > 0 {
		return got, fmt.Errorf("%s holds only %d of 4 files: %s", dir, found, missing)
	}
	return got, missing
}

// readEither reads path.gz or path.
func readEither(path string) (raw []byte, name string, err error) {
	if raw, err = os.ReadFile(path + ".gz"); err == nil {
		return raw, path + ".gz", nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, path + ".gz", err
	}
	raw, err = os.ReadFile(path)
	return raw, path, err
}

// parse checks and decodes a file, which may be gzipped.
func (p part) parse(raw []byte) (*idx, error) {
	var r io.Reader = bytes.NewReader(raw)
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", noEOF(err))
		}
		r = z
	}
	sum := sha256.New()
	f, err := readIDX(io.TeeReader(r, sum), p.dims)
	if err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); p.sha256 != "" && got != p.sha256 {
		return nil, fmt.Errorf("the content's SHA-256 is %s, want %s", got, p.sha256)
	}
	return f, nil
}
