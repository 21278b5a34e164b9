package jupyter

import (
	"strings"
	"testing"

	"github.com/groupnb/groupnb/internal/zmtp"
)

func BenchmarkEncodeTenMegabytes(b *testing.B) {
	w := newWire("secret")
	text := strings.Repeat("x", 10_000_000)
	for b.Loop() {
		w.encode("stream", nil, nil, streamContent{"stdout", text})
	}
}

func BenchmarkMarshalTenMegabytes(b *testing.B) {
	text := strings.Repeat("x", 10_000_000)
	for b.Loop() {
		marshal(streamContent{"stdout", text})
	}
}

func BenchmarkPublishTenMegabytes(b *testing.B) {
	x, err := zmtp.ListenXPub("tcp://127.0.0.1:0", nil, zmtp.Options{})
	if err != nil {
		b.Fatal(err)
	}
	k := &kernel{wire: newWire("secret"), iopub: x}
	text := strings.Repeat("x", 10_000_000)
	for b.Loop() {
		o := newOutput(k, nil)
		o.write("stdout", text)
		o.flush()
	}
}

func BenchmarkStatus(b *testing.B) {
	w := newWire("secret")
	for b.Loop() {
		w.encode("status", nil, nil, statusContent{"busy"})
	}
}

func BenchmarkMarshalLines(b *testing.B) {
	text := strings.Repeat("line 12345\n", 90_000)
	for b.Loop() {
		marshal(streamContent{"stdout", text})
	}
}
