//go:build !amd64 || noasm

package bench

func fmaLoop(int) int { return 0 }
