package jupyter

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// protocolVersion is the version of the messaging protocol spoken.
const protocolVersion = "5.5"

const dateFormat = "2006-01-02T15:04:05.000000Z" // of UTC

var delimiter = []byte("<IDS|MSG>")

// A header tells what a message is and who sent it.
type header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Type     string `json:"msg_type"`
	Version  string `json:"version"`
}

// A request is a message from a client.
type request struct {
	peer    string   // identity of the connection it came from
	route   [][]byte // further frames before the delimiter
	header  header
	raw     json.RawMessage // the header as it came: unknown keys must survive in the parent_header of replies
	parent  header
	content json.RawMessage
	arrived time.Time
	number  uint64 // in the order of arrival on its channel
}

// parse decodes the content of a request; absent keys leave v as it is.
func (r *request) parse(v any) error {
	if err := json.Unmarshal(r.content, v); err != nil {
		return fmt.Errorf("content of %s: %w", r.header.Type, err)
	}
	return nil
}

// A wire turns messages into frames and back, signed.
type wire struct {
	key      []byte // empty: messages are neither signed nor checked
	session  string // of this kernel process
	username string
	serial   atomic.Uint64
	seen     replayGuard
}

func newWire(key string) *wire {
	id := make([]byte, 16)
	rand.Read(id)
	name := "kernel"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return &wire{key: []byte(key), session: hex.EncodeToString(id), username: name}
}

// The parts of a message between its delimiter and its buffers.
const (
	partSignature = iota
	partHeader
	partParent
	partMetadata
	partContent
	parts
)

// decode checks and splits a message. It refuses what is malformed, wrongly signed or a repetition.
func (w *wire) decode(frames [][]byte) (*request, error) {
	i := indexFrame(frames, delimiter)
	if i < 0 {
		return nil, errors.New("message without delimiter")
	}
	r := &request{route: frames[:i], arrived: time.Now()}
	m := frames[i+1:]
	if len(m) < parts {
		return nil, errors.New("message with missing parts")
	}
	if err := w.verify(m); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(m[partHeader], &r.header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if r.header.Type == "" || r.header.ID == "" {
		return nil, errors.New("header without msg_type or msg_id")
	}
	for _, part := range m[partParent:parts] {
		if b := bytes.TrimLeft(part, " \t\r\n"); len(b) == 0 || b[0] != '{' || !json.Valid(part) {
			return nil, errors.New("a part of the message is no JSON object")
		}
	}
	json.Unmarshal(m[partParent], &r.parent) // only a hint; of another shape it names nothing
	r.raw, r.content = m[partHeader], m[partContent]
	return r, nil
}

func indexFrame(frames [][]byte, want []byte) int {
	for i, f := range frames {
		if bytes.Equal(f, want) {
			return i
		}
	}
	return -1
}

func (w *wire) verify(m [][]byte) error {
	if len(w.key) == 0 {
		return nil
	}
	got, err := hex.DecodeString(string(m[partSignature]))
	if err != nil || !hmac.Equal(got, w.sum(m[partHeader:parts])) {
		return errors.New("wrong signature")
	}
	if !w.seen.add([sha256.Size]byte(got)) {
		return errors.New("repeated signature")
	}
	return nil
}

func (w *wire) sum(parts [][]byte) []byte {
	h := hmac.New(sha256.New, w.key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

var pid = strconv.Itoa(os.Getpid())

// encode makes the frames of a message from the delimiter on; a nil parent or metadata is an empty object.
func (w *wire) encode(msgType string, parent json.RawMessage, metadata, content any) [][]byte {
	h := header{
		ID: w.session + "_" + pid + "_" + strconv.FormatUint(w.serial.Add(1), 10), Session: w.session,
		Username: w.username, Date: time.Now().UTC().Format(dateFormat), Type: msgType, Version: protocolVersion,
	}
	if parent == nil {
		parent = json.RawMessage("{}")
	}
	if metadata == nil {
		metadata = struct{}{}
	}
	m := [][]byte{delimiter, nil, marshal(h), parent, marshal(metadata), marshal(content)}
	if len(w.key) > 0 {
		m[1] = hex.AppendEncode(nil, w.sum(m[2:]))
	}
	return m
}

// marshal encodes what the kernel itself made, which can't fail; it leaves <, > and & readable.
func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("jupyter: encode %T: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// A replayGuard remembers the newest signatures.
type replayGuard struct {
	mu   sync.Mutex
	set  map[[sha256.Size]byte]struct{}
	ring [1 << 13][sha256.Size]byte
	next int
}

// add reports whether sum is new.
func (g *replayGuard) add(sum [sha256.Size]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, old := g.set[sum]; old {
		return false
	}
	if g.set == nil {
		g.set = map[[sha256.Size]byte]struct{}{}
	}
	delete(g.set, g.ring[g.next])
	g.ring[g.next] = sum
	g.next = (g.next + 1) % len(g.ring)
	g.set[sum] = struct{}{}
	return true
}
