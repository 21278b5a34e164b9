package zmtp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A kind is a socket type as the handshake names it, with the types that may talk to it.
type kind struct {
	name  string
	peers []string
}

var (
	router = kind{"ROUTER", []string{"DEALER", "REQ", "ROUTER"}}
	xpub   = kind{"XPUB", []string{"SUB", "XSUB"}}
	rep    = kind{"REP", []string{"REQ", "DEALER"}}
)

const (
	greetingSize  = 64
	signatureSize = 11 // signature and major version: enough to tell a ZMTP 3 peer from anything else
	maxIdentity   = 255
)

// greeting is the same for every socket: version 3.0, NULL, not a server.
func greeting() []byte {
	g := make([]byte, greetingSize)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	copy(g[12:32], "NULL")
	return g
}

// handshake greets the peer and returns the identity it asks for, "" if none.
func handshake(rw io.Writer, r *bufio.Reader, k kind) (identity string, err error) {
	if _, err := rw.Write(greeting()); err != nil {
		return "", err
	}
	if err := readGreeting(r); err != nil {
		return "", err
	}
	m, err := readMessage(r, maxCommand)
	if err != nil {
		return "", err
	}
	props, err := parseReady(m)
	if err != nil {
		return "", err
	}
	if t := props["socket-type"]; !slices.Contains(k.peers, t) {
		reason := fmt.Sprintf("a %s socket doesn't talk to %q", k.name, t)
		rw.Write(appendCommand(nil, "ERROR", append([]byte{byte(len(reason))}, reason...)))
		return "", errors.New(reason)
	}
	ready := appendProperty(nil, "Socket-Type", k.name)
	ready = appendProperty(ready, "Identity", "")
	_, err = rw.Write(appendCommand(nil, "READY", ready))
	return props["identity"], err
}

func readGreeting(r *bufio.Reader) error {
	var g [greetingSize]byte
	if _, err := io.ReadFull(r, g[:signatureSize]); err != nil {
		return err
	}
	if g[0] != 0xff || g[9]&1 != 1 || g[10] < 3 {
		return errors.New("not a ZMTP 3 greeting")
	}
	if _, err := io.ReadFull(r, g[signatureSize:]); err != nil {
		return err
	}
	if mechanism := string(bytes.TrimRight(g[12:32], "\x00")); mechanism != "NULL" {
		return fmt.Errorf("mechanism %q is not offered", mechanism)
	}
	return nil
}

// parseReady returns the properties of a READY command, names in lower case.
func parseReady(m message) (map[string]string, error) {
	if !m.command {
		return nil, errors.New("message before READY")
	}
	name, data, err := parseCommand(m.frames[0])
	if err != nil {
		return nil, err
	}
	if name != "READY" {
		return nil, fmt.Errorf("command %q before READY", name)
	}
	props := map[string]string{}
	for len(data) > 0 {
		n := 1 + int(data[0])
		if len(data) < n+4 {
			return nil, errors.New("truncated READY")
		}
		key, size := string(data[1:n]), uint64(binary.BigEndian.Uint32(data[n:]))
		data = data[n+4:]
		if uint64(len(data)) < size {
			return nil, errors.New("truncated READY")
		}
		props[strings.ToLower(key)] = string(data[:size])
		data = data[size:]
	}
	if len(props["identity"]) > maxIdentity {
		return nil, errors.New("identity longer than 255 bytes")
	}
	return props, nil
}

func appendProperty(b []byte, name, value string) []byte {
	b = append(b, byte(len(name)))
	b = append(b, name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}
