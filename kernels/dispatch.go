package kernels

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Environment is the variable that forces an instruction set: generic, avx2 or avx512. Unset, the best one the machine has is used.
const Environment = "GROUPNB_KERNELS"

// level is an instruction set that kernels are written for; each includes the ones before it.
type level int

const (
	generic level = iota
	avx2
	avx512
)

var levelNames = [...]string{"generic", "avx2", "avx512"}

func (l level) String() string { return levelNames[l] }

// active is the level that dispatch uses. Tests change it; programs do not.
var active = startLevel(os.Getenv(Environment))

// startLevel is the level that the environment asks for. Asking for what the machine lacks, or for something unknown, would
// change results without notice, so it stops the program.
func startLevel(wish string) level {
	best := machineLevel()
	if wish == "" {
		return best
	}
	i := slices.Index(levelNames[:], wish)
	if i < 0 {
		panic(fmt.Sprintf("kernels: %s=%s is unknown, want one of %s", Environment, wish, strings.Join(levelNames[:], ", ")))
	}
	if level(i) > best {
		panic(fmt.Sprintf("kernels: %s=%s, but this machine or build has only %s", Environment, wish, best))
	}
	return level(i)
}

// Level is the instruction set in use: "generic", "avx2" or "avx512".
func Level() string { return active.String() }
