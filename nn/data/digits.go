package data

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// systemDigits is where Debian's package python3-sklearn puts the digits.
const systemDigits = "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"

// Digits returns the 1,797 handwritten digits (1, 8, 8) of UCI's optical recognition set as scikit-learn ships them, from
// digits.csv.gz in $GROUPNB_DATA or Debian's package python3-sklearn. Use Split for a test set.
func Digits() (*Set, error) {
	var paths []string
	if dir := os.Getenv("GROUPNB_DATA"); dir != "" {
		paths = append(paths, filepath.Join(dir, "digits.csv.gz"))
	}
	for _, path := range append(paths, systemDigits) {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		s, err := readDigits(f)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		s.Source = path
		return s, nil
	}
	return nil, errors.New("digits: no digits.csv.gz in the folder that GROUPNB_DATA names, nor Debian's package python3-sklearn")
}

// digitsLimit is the most bytes of text that are read; the published file has 500 thousand.
const digitsLimit = 4 << 20

// readDigits reads lines of 64 numbers from 0 to 16 and a label.
func readDigits(r io.Reader) (*Set, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", noEOF(err))
	}
	c := csv.NewReader(atMost(z, digitsLimit))
	c.FieldsPerRecord = 65
	var pixels, labels []uint8
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, noEOF(err)
		}
		for i, word := range row {
			v, err := strconv.ParseFloat(word, 64)
			line, column := c.FieldPos(i)
			switch {
			case err != nil || !(v >= 0 && v <= 16) || i == 64 && v > 9:
				return nil, fmt.Errorf("line %d, column %d: %q", line, column, word)
			case i == 64:
				labels = append(labels, uint8(v))
			default:
				pixels = append(pixels, uint8(v*255/16+0.5))
			}
		}
	}
	s, err := NewSet("digits", 1, 8, 8, pixels, labels)
	if err != nil {
		return nil, err
	}
	s.Classes = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	return s, nil
}
