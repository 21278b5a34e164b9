//go:build race

package repl

// underRace tells that the race detector is on, in the worker too: it reports races that a cell commits on purpose, and
// its own memory leaves no room for a limit on the address space.
const underRace = true
