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
	if l := startLevel(""); l != machineLevel() {
		t.Errorf("default level is %v, want %v", l, machineLevel())
	}
	if l := startLevel("generic"); l != generic {
		t.Errorf("forced level is %v, want generic", l)
	}
	defer func() {
		if p, ok := recover().(string); !ok || !strings.Contains(p, "sse9") || !strings.Contains(p, "generic, avx2, avx512") {
			t.Errorf("unknown level: %v", p)
		}
	}()
	startLevel("sse9")
}

// The level that the environment forces is the one in use.
func TestEnvironment(t *testing.T) {
	if wish := os.Getenv(Environment); wish != "" && Level() != wish {
		t.Errorf("level %s, want %s", Level(), wish)
	}
}
