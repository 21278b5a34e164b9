package repl

import (
	"os"

	"github.com/groupnb/groupnb/internal/worker"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// Hook makes a process that a session started into its worker, and then never returns; in any other process it does
// nothing. A program that starts sessions calls it first in main, tests that do in TestMain.
func Hook() {
	if os.Getenv(wire.Variable) != "" {
		worker.Main()
	}
}
