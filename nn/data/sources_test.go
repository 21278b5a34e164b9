package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// records are n CIFAR images: image i has label i%10 and is filled with i.
func records(n, labels int) []byte {
	var b []byte
	for i := range n {
		for range labels {
			b = append(b, byte(i%10))
		}
		b = append(b, bytes.Repeat([]byte{byte(i)}, cifarPixels)...)
	}
	return b
}

func TestCIFAR10FromAFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GROUPNB_DATA", dir)
	t.Setenv("GROUPNB_OFFLINE", "1")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if _, _, err := CIFAR10(); err == nil || !strings.Contains(err.Error(), "put cifar-10-binary.tar.gz into the folder") {
		t.Errorf("error %v", err)
	}
	folder := filepath.Join(dir, "cifar-10-batches-bin")
	for _, name := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"} {
		write(t, filepath.Join(folder, name+".bin"), records(12, 1))
	}
	train, test, err := CIFAR10()
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 60 || test.Len() != 12 || train.Label(13) != 1 || train.Classes[9] != "truck" || train.Image(3).Bounds().Dx() != 32 {
		t.Errorf("%v, %v", train, test)
	}
	write(t, filepath.Join(folder, "data_batch_3.bin"), records(2, 1)[:5000])
	if _, _, err := CIFAR10(); err == nil || !strings.Contains(err.Error(), "data_batch_3.bin: 5000 bytes are not a number of images of 3073") {
		t.Errorf("error %v", err)
	}
	bad := records(1, 1)
	bad[0] = 77
	write(t, filepath.Join(folder, "data_batch_3.bin"), bad)
	if _, _, err := CIFAR10(); err == nil || !strings.Contains(err.Error(), "has label 77, there are 10 classes") {
		t.Errorf("error %v", err)
	}
}

func TestCIFARArchive(t *testing.T) {
	raw := archive(map[string]int{"data_batch_1.bin": 1})
	path := write(t, filepath.Join(t.TempDir(), "cifar-10-binary.tar.gz"), raw)
	if _, _, err := cifar10Archive(path); err == nil || !strings.Contains(err.Error(), "data_batch_1.bin: 3073 bytes, want 30730000") {
		t.Errorf("error %v", err)
	}
	write(t, path, raw[:40])
	if _, _, err := cifar10Archive(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}

// archive is one of CIFAR-10 with these files; the images of each have its size as their label.
func archive(files map[string]int, more ...string) []byte {
	var raw bytes.Buffer
	z := gzip.NewWriter(&raw)
	w := tar.NewWriter(z)
	add := func(name string, label int) {
		content := bytes.Repeat([]byte{byte(label)}, 1+cifarPixels)
		w.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/" + name, Size: int64(len(content)), Mode: 0o644})
		w.Write(content)
	}
	for name, label := range files {
		add(name, label)
	}
	for _, name := range more {
		add(name, 0)
	}
	w.Close()
	z.Close()
	return raw.Bytes()
}

// The published archive does not have the batches in their order.
func TestCIFARArchivesGiveTheOrderOfTheFolder(t *testing.T) {
	files := map[string]int{"readme.html": 9}
	for i, name := range cifarBatches {
		files[name] = i + 1
	}
	parts, err := cifarParts(bytes.NewReader(archive(files)), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if got := parts[0][i*(1+cifarPixels)]; int(got) != i+1 {
			t.Errorf("image %d is that of batch %d", i, got)
		}
	}
	if parts[1][0] != 6 {
		t.Errorf("the tests are batch %d", parts[1][0])
	}
	if _, err := cifarParts(bytes.NewReader(archive(files, "data_batch_2.bin")), 1); err == nil || err.Error() != "data_batch_2.bin is there twice" {
		t.Errorf("error %v", err)
	}
	delete(files, "data_batch_4.bin")
	if _, err := cifarParts(bytes.NewReader(archive(files)), 1); err == nil || err.Error() != "data_batch_4.bin is not in the archive" {
		t.Errorf("error %v", err)
	}
}

func TestArchivesThatUnpackWithoutEndAreRefused(t *testing.T) {
	for n, want := range map[int64]string{9: "more than 9 bytes", 10: ""} {
		got, err := io.ReadAll(atMost(strings.NewReader("0123456789"), n))
		if want == "" && (err != nil || len(got) != 10) || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%d of 10 bytes: %q, %v", n, got, err)
		}
	}
	var raw bytes.Buffer
	z := gzip.NewWriter(&raw)
	for range digitsLimit>>20 + 1 {
		z.Write(bytes.Repeat([]byte("1,"), 1<<19))
	}
	z.Close()
	if _, err := readDigits(&raw); err == nil || !strings.Contains(err.Error(), "more than 4194304 bytes") {
		t.Errorf("error %v", err)
	}
}

func TestCIFAR100(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.bin"), records(20, 2))
	write(t, filepath.Join(dir, "test.bin"), records(5, 2))
	write(t, filepath.Join(dir, "fine_label_names.txt"), []byte("apple\naquarium_fish\n"))
	train, _, err := CIFAR100(dir)
	if err != nil || train.Len() != 20 || train.Label(7) != 7 || train.Classes[0] != "apple" {
		t.Errorf("%v, %v", train, err)
	}
}

func TestIDXFiles(t *testing.T) {
	dir := t.TempDir()
	images := write(t, filepath.Join(dir, "images"), []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4})
	labels := write(t, filepath.Join(dir, "labels"), []byte{0, 0, 8, 1, 0, 0, 0, 2, 5, 6})
	s, err := IDX(images, labels)
	if err != nil || s.Len() != 2 || s.Label(1) != 6 {
		t.Errorf("%v, %v", s, err)
	}
	write(t, labels, []byte{0, 0, 8, 1, 0, 0, 0, 1, 5})
	if _, err := IDX(images, labels); err == nil || !strings.Contains(err.Error(), "2 images but 1 labels") {
		t.Errorf("error %v", err)
	}
	if _, err := IDX(labels, images); err == nil || !strings.Contains(err.Error(), labels) {
		t.Errorf("error %v", err)
	}
}

func TestFolderOfPictures(t *testing.T) {
	dir := t.TempDir()
	picture := func(c color.Color, w, h int) []byte {
		m := image.NewRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			m.Set(i%w, i/w, c)
		}
		var b bytes.Buffer
		png.Encode(&b, m)
		return b.Bytes()
	}
	write(t, filepath.Join(dir, "cat", "1.png"), picture(color.RGBA{255, 0, 0, 255}, 9, 5))
	write(t, filepath.Join(dir, "dog", "2.PNG"), picture(color.White, 2, 7))
	write(t, filepath.Join(dir, "dog", "notes.txt"), []byte("x"))
	s, err := Folder(dir, 3, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 2 || s.Label(1) != 1 || s.Classes[0] != "cat" || s.pixels[0] != 255 || s.pixels[16] != 0 || s.pixels[48] != 255 {
		t.Errorf("%v %v", s, s.pixels)
	}
	grey, err := Folder(dir, 1, 2, 3)
	if err != nil || grey.pixels[0] != 76 || grey.pixels[6] != 255 {
		t.Errorf("%v, %v", grey.pixels, err)
	}
	bad := write(t, filepath.Join(dir, "dog", "broken.png"), []byte("\x89PNG\r\n"))
	if _, err := Folder(dir, 1, 2, 3); err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("error %v", err)
	}
	if _, err := Folder(t.TempDir(), 1, 2, 3); err == nil || !strings.Contains(err.Error(), "no pictures in folders of their class") {
		t.Errorf("error %v", err)
	}
}

func TestDigits(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GROUPNB_DATA", dir)
	zip := func(text string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(text))
		z.Close()
		return b.Bytes()
	}
	line := strings.Repeat("16,", 64) + "7\n"
	path := write(t, filepath.Join(dir, "digits.csv.gz"), zip(line+line))
	s, err := Digits()
	if err != nil || s.Len() != 2 || s.Label(0) != 7 || s.pixels[5] != 255 {
		t.Fatalf("%v, %v", s, err)
	}
	for _, c := range [][2]string{
		{strings.Repeat("17,", 64) + "7\n", `line 1, column 1: "17"`}, {"1,2\n", "wrong number of fields"},
		{strings.Repeat("1,", 64) + "12\n", `column 129: "12"`},
	} {
		write(t, path, zip(c[0]))
		if _, err := Digits(); err == nil || !strings.Contains(err.Error(), c[1]) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %q", err, c[1])
		}
	}
}

func FuzzCIFARParts(f *testing.F) {
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, raw []byte) { cifarParts(bytes.NewReader(raw), 1) })
}

func FuzzCIFARSet(f *testing.F) {
	f.Add(records(2, 2), 2)
	f.Fuzz(func(t *testing.T, raw []byte, labels int) {
		if labels != 1 && labels != 2 {
			return
		}
		s, err := cifarSet("x", raw, labels, 10)
		if err == nil && s.Len() != len(raw)/(labels+cifarPixels) {
			t.Errorf("%d images of %d bytes", s.Len(), len(raw))
		}
	})
}

func FuzzPicture(f *testing.F) {
	var b bytes.Buffer
	png.Encode(&b, image.NewGray(image.Rect(0, 0, 5, 3)))
	f.Add(b.Bytes(), 1)
	f.Add([]byte("GIF89a\xff\xff\xff\xff"), 3)
	f.Add([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00"), 3)
	f.Fuzz(func(t *testing.T, raw []byte, channels int) {
		if channels != 1 && channels != 3 {
			return
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(raw)); err == nil && c.Width > 1<<16/max(c.Height, 1) {
			return // slow, not wrong
		}
		decodePicture(make([]uint8, channels*4*6), bytes.NewReader(raw), channels, 4, 6)
	})
}

func FuzzDigits(f *testing.F) {
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, raw []byte) { readDigits(bytes.NewReader(raw)) })
}
