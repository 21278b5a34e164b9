//go:build !amd64 || noasm

package kernels

func machineLevel() level { return generic }
