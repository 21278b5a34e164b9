package kernels

//go:generate go -C internal/asmgen run . -all ../..
