// Package logo holds the pictures that front ends show for the kernel. They are drawn by generate.go.
package logo

import "embed"

//go:generate go run generate.go

// Names are the files that a kernelspec holds.
var Names = []string{"logo-32x32.png", "logo-64x64.png", "logo-svg.svg"}

// Files holds them.
//
//go:embed *.png *.svg
var Files embed.FS
