package zmtp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Flag bits of a frame.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
	flagsKnown  = flagMore | flagLong | flagCommand
)

const (
	maxFrames  = 1024     // in one message; each costs memory even when empty
	maxCommand = 64 << 10 // bytes
	trusted    = 64 << 10 // a frame up to this size is allocated as announced, a longer one as it arrives
)

var errTooLarge = errors.New("message too large")

// A message is what one read yields: the frames of a message, or a single command.
type message struct {
	frames  [][]byte
	command bool
}

// readMessage reads one message or command whose frames together hold at most limit bytes.
func readMessage(r *bufio.Reader, limit int) (message, error) {
	var m message
	for {
		flags, size, err := readFrameHeader(r)
		if err != nil {
			return message{}, err
		}
		if flags&flagCommand != 0 {
			if len(m.frames) > 0 || flags&flagMore != 0 || size > maxCommand {
				return message{}, errors.New("misplaced or oversized command")
			}
			m.command = true
		}
		if size > uint64(limit) || len(m.frames) == maxFrames {
			return message{}, errTooLarge
		}
		limit -= int(size)
		body, err := readBody(r, int(size))
		if err != nil {
			return message{}, err
		}
		m.frames = append(m.frames, body)
		if flags&flagMore == 0 {
			return m, nil
		}
	}
}

func readFrameHeader(r *bufio.Reader) (flags byte, size uint64, err error) {
	if flags, err = r.ReadByte(); err != nil {
		return 0, 0, err
	}
	if flags&^flagsKnown != 0 {
		return 0, 0, fmt.Errorf("frame with unknown flags %#02x", flags)
	}
	if flags&flagLong == 0 {
		b, err := r.ReadByte()
		return flags, uint64(b), midFrame(err)
	}
	var long [8]byte
	_, err = io.ReadFull(r, long[:])
	return flags, binary.BigEndian.Uint64(long[:]), midFrame(err)
}

func readBody(r *bufio.Reader, size int) ([]byte, error) {
	if size <= trusted {
		body := make([]byte, size)
		_, err := io.ReadFull(r, body)
		return body, midFrame(err)
	}
	var body bytes.Buffer
	_, err := io.CopyN(&body, r, int64(size))
	return body.Bytes(), midFrame(err)
}

// midFrame turns an end of the stream inside a frame into an error that says so.
func midFrame(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendMessage appends the wire form of a message of at least one frame.
func appendMessage(b []byte, frames [][]byte) []byte {
	for i, f := range frames {
		var flags byte
		if i < len(frames)-1 {
			flags = flagMore
		}
		b = appendFrame(b, flags, f)
	}
	return b
}

func appendFrame(b []byte, flags byte, body []byte) []byte {
	if len(body) > 255 {
		b = append(b, flags|flagLong)
		b = binary.BigEndian.AppendUint64(b, uint64(len(body)))
	} else {
		b = append(b, flags, byte(len(body)))
	}
	return append(b, body...)
}

// wireSize is an upper bound for what appendMessage appends.
func wireSize(frames [][]byte) int {
	n := 9 * len(frames)
	for _, f := range frames {
		n += len(f)
	}
	return n
}

// appendCommand appends the wire form of a command.
func appendCommand(b []byte, name string, data []byte) []byte {
	body := append([]byte{byte(len(name))}, name...)
	return appendFrame(b, flagCommand, append(body, data...))
}

// parseCommand splits the body of a command frame.
func parseCommand(body []byte) (name string, data []byte, err error) {
	if len(body) == 0 || len(body) < 1+int(body[0]) {
		return "", nil, errors.New("truncated command")
	}
	n := 1 + int(body[0])
	return string(body[1:n]), body[n:], nil
}
