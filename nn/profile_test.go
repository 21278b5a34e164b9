package nn

import (
	"slices"
	"strings"
	"testing"
)

func TestProfile(t *testing.T) {
	m := smallNet()
	before := slices.Clone(m.Param("block1.conv2.weight").Value.Data)
	p := m.Profile(randomTensor(1, 4, 1, 8, 8))
	var macs int64
	for _, l := range p.Layers {
		macs += l.MACs
		if l.Forward < 0 || l.Bytes <= 0 {
			t.Errorf("%+v", l)
		}
	}
	if want := 4 * m.Summary(1, 8, 8).MACs; macs != want || p.Memory <= 0 || p.Weights != int64(8*m.Summary(1, 8, 8).Params) {
		t.Errorf("%d multiply-adds, want %d; %d and %d bytes", macs, want, p.Memory, p.Weights)
	}
	if !slices.Equal(before, m.Param("block1.conv2.weight").Value.Data) {
		t.Error("profiling changed the weights")
	}
	for _, text := range []string{p.String(), p.HTML()} {
		if !strings.Contains(text, "block1.conv2") || !strings.Contains(text, "batch of 4") {
			t.Error(text)
		}
	}
}
