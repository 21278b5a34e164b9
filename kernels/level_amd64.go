//go:build !noasm

package kernels

func machineLevel() level { return generic }
