// Command subset writes the part of Fashion-MNIST that package data carries: the first 6,000 training and 1,000 test
// images, from the files of Debian's package dataset-fashion-mnist. Without these files it leaves everything as it is.
// It runs in the folder of package data.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
)

const source = "/usr/share/datasets/fashion-mnist"

func main() {
	log.SetFlags(0)
	for _, f := range []struct {
		name string
		dims int
		keep uint32
	}{
		{"train-images-idx3-ubyte.gz", 3, 6000},
		{"train-labels-idx1-ubyte.gz", 1, 6000},
		{"t10k-images-idx3-ubyte.gz", 3, 1000},
		{"t10k-labels-idx1-ubyte.gz", 1, 1000},
	} {
		err := shorten(filepath.Join(source, f.name), filepath.Join("fashion", f.name), f.dims, f.keep)
		if errors.Is(err, fs.ErrNotExist) {
			log.Printf("subset: %s is not here, fashion/%s stays as it is", source, f.name)
			continue
		}
		if err != nil {
			log.Fatalf("subset: %s: %v", f.name, err)
		}
	}
}

// shorten copies the first keep entries of an IDX file.
func shorten(from, to string, dims int, keep uint32) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	head := make([]byte, 4+4*dims)
	if _, err := io.ReadFull(z, head); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(head[4:], keep)
	entry := int64(1)
	for d := 1; d < dims; d++ {
		entry *= int64(binary.BigEndian.Uint32(head[4+4*d:]))
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	if _, err := io.CopyN(w, z, int64(keep)*entry); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}
