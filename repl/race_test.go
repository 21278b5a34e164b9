//go:build race

package repl

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// underRace tells that the race detector is on, in the worker too: its own memory leaves no room for a limit on the
// address space.
const underRace = true

// tellRaces has the worker's race detector report to files, not among what cells print, and fails t if it does.
func tellRaces(t testing.TB, o *Options) {
	if slices.Contains(o.Env, racesOnPurpose) {
		return
	}
	reports := filepath.Join(t.TempDir(), "race")
	o.Env = append(o.Env, "GORACE=log_path="+reports)
	t.Cleanup(func() {
		files, _ := filepath.Glob(reports + "*")
		for _, file := range files {
			text, err := os.ReadFile(file)
			t.Errorf("in the worker: %s%v", text, err)
		}
	})
}
