package kernels

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// An entry of the dispatch table that no shape of TestConvEqualsReferenceLoops reaches is an entry without a test.
func TestEveryEntryIsTested(t *testing.T) {
	tested := map[string]bool{
		"gemm.packed":   true, // TestGEMM runs at every level
		"gemm.portable": true,
		"conv.stem":     true, // TestConvEqualsReferenceLoops, which calls ForwardStem for all shapes
		"pool.max":      true, // TestPoolingBlocked
		"stream":        true, // TestNormActEqualsReference, TestElementwise, TestSGDStep
	}
	eachLevel(t, func(t *testing.T) {
		for _, c := range oddConvs() {
			for _, blocked := range []bool{false, true} {
				forward, data, weights := c.Kernels(blocked)
				for _, name := range []string{forward, data, weights} {
					tested[name] = true
				}
			}
		}
		for _, e := range Dispatch() {
			if !tested[e.Name] {
				t.Errorf("%s has no test", e.Name)
			}
		}
	})
	for name := range tested {
		if !slices.ContainsFunc(entries, func(e Entry) bool { return e.Name == name }) {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestDispatchTable(t *testing.T) {
	was := active
	defer func() { active = was }()
	active = generic
	if got := DispatchTable(); !strings.Contains(got, "conv.portable") || strings.Contains(got, "conv.quad") {
		t.Errorf("table at level generic:\n%s", got)
	}
}

func TestStartLevel(t *testing.T) {
	if l, err := startLevel(""); l != machineLevel() || err != nil {
		t.Errorf("default level is %v, %v, want %v", l, err, machineLevel())
	}
	if l, err := startLevel("generic"); l != generic || err != nil {
		t.Errorf("forced level is %v, %v, want generic", l, err)
	}
	if _, err := startLevel("sse9"); err == nil || !strings.Contains(err.Error(), "sse9 is unknown, want one of generic, avx2, avx512") {
		t.Errorf("unknown level: %v", err)
	}
}

// The level that the environment forces is the one in use.
func TestEnvironment(t *testing.T) {
	if wish := os.Getenv(Environment); wish != "" && Level() != wish {
		t.Errorf("level %s, want %s", Level(), wish)
	}
}
