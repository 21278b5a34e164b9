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
	"hash"
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
	key     []byte    // empty: messages are neither signed nor checked
	session string    // of this kernel process
	hashes  sync.Pool // of hash.Hash, keyed
	id      string    // what message ids begin with
	head    string    // what follows the id in headers, up to the date
	serial  atomic.Uint64
	seen    replayGuard
}

func newWire(key string) *wire {
	id := make([]byte, 16)
	rand.Read(id)
	name := "kernel"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	w := &wire{key: []byte(key), session: hex.EncodeToString(id)}
	w.hashes.New = func() any { return hmac.New(sha256.New, w.key) }
	w.id = w.session + "_" + strconv.Itoa(os.Getpid()) + "_"
	w.head = `","session":"` + w.session + `","username":` + string(marshal(name)) + `,"date":"`
	return w
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
	h := w.hashes.Get().(hash.Hash)
	defer w.hashes.Put(h)
	h.Reset()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

var emptyObject = []byte("{}")

// encode makes the frames of a message from the delimiter on; a nil parent or metadata is an empty object.
func (w *wire) encode(msgType string, parent json.RawMessage, metadata, content any) [][]byte {
	m := [][]byte{delimiter, nil, w.header(msgType), parent, emptyObject, marshal(content)}
	if parent == nil {
		m[1+partParent] = emptyObject
	}
	if metadata != nil {
		m[1+partMetadata] = marshal(metadata)
	}
	if len(w.key) > 0 {
		m[1+partSignature] = hex.AppendEncode(nil, w.sum(m[1+partHeader:]))
	}
	return m
}

// header makes the JSON of a new header.
func (w *wire) header(msgType string) []byte {
	b := make([]byte, 0, 256)
	b = append(append(b, `{"msg_id":"`...), w.id...)
	b = strconv.AppendUint(b, w.serial.Add(1), 10)
	b = append(b, w.head...)
	b = time.Now().UTC().AppendFormat(b, dateFormat)
	b = append(append(b, `","msg_type":"`...), msgType...)
	return append(b, `","version":"`+protocolVersion+`"}`...)
}

// An appender appends its own JSON.
type appender interface{ appendJSON(b []byte) []byte }

// marshal encodes what the kernel itself made, which can't fail; it leaves <, > and & readable.
func marshal(v any) []byte {
	switch v := v.(type) {
	case appender:
		return v.appendJSON(nil)
	case json.RawMessage:
		return v
	}
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
