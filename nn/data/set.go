package data

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"

	"github.com/groupnb/groupnb/kernels"
	"github.com/groupnb/groupnb/nn"
)

// A Set is labelled images of one size. Sets are not changed by their methods; those that return a Set share its pixels.
type Set struct {
	Name    string   // "Fashion-MNIST training set"
	Source  string   // where the files came from
	Notice  string   // what the user should know, "" if nothing
	Classes []string // names of the labels

	channels, height, width int
	pixels                  []uint8 // image after image, each (C, H, W)
	labels                  []uint8
	mean, std               []float32 // of each channel
	augment                 []Augmentation
}

// NewSet makes a set from pixels (N, channels, height, width) and N labels.
func NewSet(name string, channels, height, width int, pixels, labels []uint8) (*Set, error) {
	if channels < 1 || height < 1 || width < 1 {
		return nil, fmt.Errorf("%s: images of %dx%dx%d, want sizes of 1 or more", name, channels, height, width)
	}
	if want := len(labels) * channels * height * width; len(pixels) != want {
		return nil, fmt.Errorf("%s: %d pixels for %d images of %dx%dx%d, want %d",
			name, len(pixels), len(labels), channels, height, width, want)
	}
	return &Set{Name: name, channels: channels, height: height, width: width, pixels: pixels, labels: labels}, nil
}

// Len implements nn.Dataset.
func (s *Set) Len() int {
	s.check("Len")
	return len(s.labels)
}

// Shape is the shape of one image: channels, height, width.
func (s *Set) Shape() []int { return []int{s.channels, s.height, s.width} }

// Label is the class of image i.
func (s *Set) Label(i int) int { return int(s.labels[i]) }

// String says what the set holds.
func (s *Set) String() string {
	classes := ""
	if len(s.Classes) > 0 {
		classes = fmt.Sprintf(" in %d classes", len(s.Classes))
	}
	text := fmt.Sprintf("%s: %d images %dx%dx%d%s", s.Name, s.Len(), s.channels, s.height, s.width, classes)
	if s.Source != "" {
		text += ", from " + s.Source
	}
	return text
}

// First returns the first n images, or all if there are fewer.
func (s *Set) First(n int) *Set {
	first, _ := s.Split(n)
	return first
}

// Range returns images from to to-1. It panics if they don't exist, as slicing does.
func (s *Set) Range(from, to int) *Set {
	s.check("Range")
	c := *s
	c.pixels = s.pixels[from*s.size() : to*s.size()]
	c.labels = s.labels[from:to]
	return &c
}

// Split returns the first n images and the rest.
func (s *Set) Split(n int) (first, rest *Set) {
	s.check("Split")
	n = max(0, min(n, s.Len()))
	return s.Range(0, n), s.Range(n, s.Len())
}

// Normalise subtracts mean and divides by std, for each channel or for all, after pixels were scaled to 0..1.
// Give the means first, then as many deviations: Normalise(0.286, 0.353).
func (s *Set) Normalise(meanThenStd ...float32) *Set {
	s.check("Normalise")
	k := len(meanThenStd) / 2
	if len(meanThenStd) != 2*k || k != 1 && k != s.channels {
		panic(nn.ConfigError{Op: "Normalise", Msg: fmt.Sprintf("%d numbers, want a mean and a deviation for all or for each of %d channels",
			len(meanThenStd), s.channels)})
	}
	for _, d := range meanThenStd[k:] {
		if !(d > 0) {
			panic(nn.ConfigError{Op: "Normalise", Msg: fmt.Sprintf("a deviation is %g, want more than 0", d)})
		}
	}
	for _, m := range meanThenStd[:k] {
		if m-m != 0 {
			panic(nn.ConfigError{Op: "Normalise", Msg: fmt.Sprintf("a mean is %g", m)})
		}
	}
	c := *s
	c.mean, c.std = make([]float32, s.channels), make([]float32, s.channels)
	for i := range s.channels {
		c.mean[i], c.std[i] = meanThenStd[i%k], meanThenStd[k+i%k]
	}
	return &c
}

// Augment returns a set whose batches ([Set.Batches]) change each image at random. Reading it any other way, as
// validation does, leaves images as they are.
func (s *Set) Augment(a ...Augmentation) *Set {
	s.check("Augment")
	for i, f := range a {
		if f == nil {
			panic(nn.ConfigError{Op: "Augment", Msg: fmt.Sprintf("augmentation %d is nil", i+1)})
		}
	}
	c := *s
	c.augment = append(slices.Clone(s.augment), a...)
	return &c
}

// check refuses a set that is nil: its reading failed, and nobody looked at the error.
func (s *Set) check(op string) {
	if s == nil {
		panic(nn.ConfigError{Op: op, Msg: "the set is nil; see the error of what should have read it"})
	}
}

func (s *Set) size() int { return s.channels * s.height * s.width }

// Read implements nn.Dataset.
func (s *Set) Read(b *nn.Batch, indices []int) { s.read(b, indices, nil) }

// read fills b; with random numbers for each example it augments.
func (s *Set) read(b *nn.Batch, indices []int, random func(i int) *rand.Rand) {
	b.Resize(len(indices), s.channels, s.height, s.width)
	kernels.Parallel(len(indices), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			b.Y[i] = int(s.labels[indices[i]])
			img := Image{b.X.Data[i*s.size():][:s.size()], s.channels, s.height, s.width}
			s.scale(img.Pixels, s.pixels[indices[i]*s.size():][:s.size()])
			if random == nil || len(s.augment) == 0 {
				continue
			}
			r := random(i)
			for _, a := range s.augment {
				a(img, r)
			}
		}
	})
}

// scale turns bytes into numbers.
func (s *Set) scale(dst []float32, src []uint8) {
	plane := s.height * s.width
	for c := range s.channels {
		mean, factor := float32(0), float32(1)/255
		if s.mean != nil {
			mean, factor = s.mean[c]*255, 1/(255*s.std[c])
		}
		dst, src := dst[c*plane:][:plane], src[c*plane:][:plane]
		for i, v := range src {
			dst[i] = (float32(v) - mean) * factor
		}
	}
}

// Tensor returns all images (N, C, H, W) as they would be read.
func (s *Set) Tensor() *nn.Tensor {
	var b nn.Batch
	indices := make([]int, s.Len())
	for i := range indices {
		indices[i] = i
	}
	s.Read(&b, indices)
	return b.X
}

// Image returns image i as a picture: grey for one channel, colour for three.
func (s *Set) Image(i int) image.Image {
	px := s.pixels[i*s.size():][:s.size()]
	if s.channels == 1 {
		return &image.Gray{Pix: px, Stride: s.width, Rect: image.Rect(0, 0, s.width, s.height)}
	}
	m := image.NewRGBA(image.Rect(0, 0, s.width, s.height))
	plane := s.height * s.width
	for p := range plane {
		v := func(c int) uint8 { return px[min(c, s.channels-1)*plane+p] }
		m.SetRGBA(p%s.width, p/s.width, color.RGBA{v(0), v(1), v(2), 255})
	}
	return m
}
