// Package notebooks holds the example notebooks, with the outputs of their last run.
package notebooks

import "embed"

// Files has every notebook by its name, "quickstart.ipynb".
//
//go:embed *.ipynb
var Files embed.FS
