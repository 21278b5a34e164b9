// Package repl is a live Go session: it runs cells one after another, each seeing what the ones before declared.
//
//	func main() {
//		repl.Hook() // first of all: this program is also its own worker
//		s, err := repl.Start(context.Background(), repl.Options{})
//		...
//		defer s.Close()
//		r, err := s.Execute(ctx, repl.Cell{Source: "x := 20\nx + 1"}, func(e repl.Event) { ... })
//		fmt.Println(r.Value.Text()) // 21
//	}
//
// Cells run in a child process, the same program started again. Whatever a cell does to it (overflow its stack, exit,
// write a map from two goroutines, never return) is that cell's error, of type [*CellError]; the next cell runs, in a
// fresh child if need be, where imports, types and functions are declared again and variables have zero values. The
// child and what it started end with the session and with the session's process.
//
// The package decides nothing about looks: events and results carry media types, errors carry positions, and a front
// end (a kernel, a terminal, a runner) renders them.
package repl
