//go:build !race

package repl

const underRace = false
