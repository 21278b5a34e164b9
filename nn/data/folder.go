package data

import (
	"fmt"
	"image"
	_ "image/gif"  // decoders of the formats that Folder reads
	_ "image/jpeg" // "
	_ "image/png"  // "
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/kernels"
)

// maxPixels is the largest picture that is decoded.
const maxPixels = 1 << 26

// IDX makes a set of a file of images (N, H, W) and one of labels in MNIST's format, gzipped or not. The error names the
// file that is damaged.
func IDX(images, labels string) (*Set, error) {
	var parts [2]*idx
	for i, path := range []string{images, labels} {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if parts[i], err = (part{dims: 3 - 2*i}).parse(raw); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	s, err := labelled(filepath.Base(images), parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	s.Source = images
	return s, nil
}

// Folder makes a set of the PNG, JPEG and GIF pictures in dir's folders, one for each class in alphabetical order.
// Pictures are cut to the shape's proportions around their middle and scaled to it, in grey for one channel and in
// colour for three. The error names the file that can't be read.
func Folder(dir string, channels, height, width int) (*Set, error) {
	if channels != 1 && channels != 3 || height < 1 || width < 1 {
		return nil, fmt.Errorf("folder %s: images of %dx%dx%d, want 1 or 3 channels", dir, channels, height, width)
	}
	paths, classes, labels, err := pictures(dir)
	if err != nil {
		return nil, err
	}
	size := channels * height * width
	pixels := make([]uint8, len(paths)*size)
	errs := make([]error, len(paths))
	kernels.Parallel(len(paths), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			errs[i] = readPicture(pixels[i*size:][:size], paths[i], channels, height, width)
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	s, err := NewSet(filepath.Base(dir), channels, height, width, pixels, labels)
	if err != nil {
		return nil, err
	}
	s.Source, s.Classes = dir, classes
	return s, nil
}

func pictures(dir string) (paths, classes []string, labels []uint8, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, nil, nil, err
		}
		if len(classes) == 256 {
			return nil, nil, nil, fmt.Errorf("folder %s: more than 256 classes", dir)
		}
		for _, f := range files {
			if slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif"}, strings.ToLower(filepath.Ext(f.Name()))) {
				paths = append(paths, filepath.Join(dir, e.Name(), f.Name()))
				labels = append(labels, uint8(len(classes)))
			}
		}
		classes = append(classes, e.Name())
	}
	if len(paths) == 0 {
		return nil, nil, nil, fmt.Errorf("folder %s: no pictures in folders of their class", dir)
	}
	return paths, classes, labels, nil
}

func readPicture(dst []uint8, path string, channels, height, width int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := decodePicture(dst, f, channels, height, width); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// decodePicture looks at the size before it decodes.
func decodePicture(dst []uint8, f io.ReadSeeker, channels, height, width int) error {
	c, _, err := image.DecodeConfig(f)
	if err != nil {
		return err
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return fmt.Errorf("%dx%d pixels are none or too many", c.Width, c.Height)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	m, _, err := image.Decode(f)
	if err != nil {
		return err
	}
	fit(dst, m, channels, height, width)
	return nil
}

// fit writes the middle of m, scaled by averaging the pixels under each new one.
func fit(dst []uint8, m image.Image, channels, height, width int) {
	b := m.Bounds()
	if w := b.Dy() * width / height; w < b.Dx() {
		b.Min.X += (b.Dx() - max(w, 1)) / 2
		b.Max.X = b.Min.X + max(w, 1)
	} else if h := b.Dx() * height / width; h < b.Dy() {
		b.Min.Y += (b.Dy() - max(h, 1)) / 2
		b.Max.Y = b.Min.Y + max(h, 1)
	}
	plane := height * width
	for y := range height {
		y0, y1 := span(b.Min.Y, b.Dy(), y, height)
		for x := range width {
			x0, x1 := span(b.Min.X, b.Dx(), x, width)
			c := mean(m, x0, y0, x1, y1)
			if channels == 1 {
				dst[y*width+x] = uint8((299*c[0] + 587*c[1] + 114*c[2] + 500) / 1000 >> 8)
				continue
			}
			for k := range 3 {
				dst[k*plane+y*width+x] = uint8(c[k] >> 8)
			}
		}
	}
}

// span is the range of old pixels under new pixel i of n, at least one.
func span(from, size, i, n int) (lo, hi int) {
	lo = from + size*i/n
	return lo, max(lo+1, from+size*(i+1)/n)
}

func mean(m image.Image, x0, y0, x1, y1 int) (c [3]uint32) {
	var sum [3]uint64
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			sum[0] += uint64(r)
			sum[1] += uint64(g)
			sum[2] += uint64(b)
		}
	}
	n := uint64((x1 - x0) * (y1 - y0))
	for k := range c {
		c[k] = uint32(sum[k] / n)
	}
	return c
}
