// Package cell is the front end of the language of cells: it turns the source of one cell, in the light of the cells
// before it, into a program that the worker can run.
//
//	f := cell.New(importer, packages)
//	p, err := f.Compile("In[1]", "x := 20\nx + 1") // err is of type Errors: Go's own words, exact positions
//	if err == nil {
//		// worker: define p.Types, install p.Decls, call p.Entry
//		f.Commit(p)
//	}
//
// A cell holds imports, declarations and statements in any order. Its variables outlive it; what it declares again
// replaces what an earlier cell declared under that name, also for the functions that use it. Cells are type-checked by
// go/types, then lowered to the part of Go that the worker's interpreter runs correctly. A cell does what `go run`
// does, or is refused with an error at the exact place.
//
// The package is pure: it starts no process, reads no file and knows no interpreter. A FrontEnd is safe for one
// goroutine at a time.
package cell
