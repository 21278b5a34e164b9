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
var active = mustStart(os.Getenv(Environment))

// mustStart is startLevel for a program's start. Another level than the one asked for would change results without notice,
// so the error ends the program.
func mustStart(wish string) level {
	l, err := startLevel(wish)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return l
}

// startLevel is the level that the environment asks for. It is an error to ask for what the machine lacks, or for something
// unknown.
func startLevel(wish string) (level, error) {
	best := machineLevel()
	if wish == "" {
		return best, nil
	}
	i := slices.Index(levelNames[:], wish)
	if i < 0 {
		return best, fmt.Errorf("kernels: %s=%s is unknown, want one of %s", Environment, wish, strings.Join(levelNames[:], ", "))
	}
	if level(i) > best {
		return best, fmt.Errorf("kernels: %s=%s, but this machine or build has only %s", Environment, wish, best)
	}
	return level(i), nil
}

// Level is the instruction set in use: "generic", "avx2" or "avx512".
func Level() string { return active.String() }
