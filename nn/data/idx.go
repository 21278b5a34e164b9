package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// idx is what the files of MNIST and Fashion-MNIST hold: bytes in up to four dimensions.
type idx struct {
	shape []int
	data  []uint8
}

// idxLimit is the most bytes that an IDX file may promise.
const idxLimit = 1 << 30

// readIDX reads an IDX file of bytes with the given number of dimensions (1 labels, 3 images): a magic number
// 0x00000800+dimensions and the sizes, big-endian, then the data. Trailing bytes are an error.
func readIDX(r io.Reader, dims int) (*idx, error) {
	head := make([]byte, 4+4*dims)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("the header is truncated: %w", noEOF(err))
	}
	if magic, want := binary.BigEndian.Uint32(head), 0x800+uint32(dims); magic != want {
		return nil, fmt.Errorf("the magic number is %#08x, want %#08x", magic, want)
	}
	f := &idx{}
	total := 1
	for d := range dims {
		n := int(binary.BigEndian.Uint32(head[4+4*d:]))
		if n > 0 && total > idxLimit/n {
			return nil, fmt.Errorf("the header promises more than %d bytes", idxLimit)
		}
		total *= n
		f.shape = append(f.shape, n)
	}
	const trusted = 64 << 20 // bytes that a header may promise before they are seen
	buf := bytes.NewBuffer(make([]byte, 0, min(total, trusted)+bytes.MinRead))
	_, err := buf.ReadFrom(io.LimitReader(r, int64(total)+1))
	data := buf.Bytes()
	switch {
	case err != nil:
		return nil, fmt.Errorf("after %d of %d bytes: %w", len(data), total, noEOF(err))
	case len(data) < total:
		return nil, fmt.Errorf("truncated after %d of %d bytes", len(data), total)
	case len(data) > total:
		return nil, fmt.Errorf("more than the %d bytes that the header promises", total)
	}
	f.data = data
	return f, nil
}

// atMost reads up to n bytes of r and fails if there are more: a small archive can stand for any number of bytes.
func atMost(r io.Reader, n int64) io.Reader { return &capped{r, n, n} }

type capped struct {
	r          io.Reader
	left, most int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p[:min(int64(len(p)), c.left+1)])
	if c.left -= int64(n); c.left < 0 {
		return 0, fmt.Errorf("more than %d bytes", c.most)
	}
	return n, err
}

// noEOF gives the end of a file that should go on its name.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
