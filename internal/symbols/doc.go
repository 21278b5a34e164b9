// Package symbols knows the compiled packages that cells may import: the standard library of the Go that generated it,
// gonum, gonum/plot, and those of this module. For each it has the run-time values (for the interpreter), the types
// (for the type checker) and the doc comments (for inspection).
//
//	imp := symbols.Importer()
//	fmtPkg, err := imp.Import("fmt")
//	text, ok := symbols.Doc("strings", "Builder.Grow")
//
// Everything is generated and embedded, so a machine without the Go toolchain and without sources has it too. Types and
// doc texts of a package are read when first asked for. Types describe linux/amd64; package syscall has values only
// there.
//
// After a change of an exported name in one of the module's own packages run
//
//	go generate ./internal/symbols
package symbols

//go:generate go run ./gen std
//go:generate go run ./gen gonum
//go:generate go run ./gen own
