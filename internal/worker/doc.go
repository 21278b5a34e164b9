// Package worker is the child process in which cells run. It hosts the interpreter and the compiled packages that
// cells import; nothing else of this module knows the interpreter.
//
//	worker.Main() // in a process started with requests on descriptor 3 and replies on descriptor 4; never returns
//
// A session (package repl) sends programs of the front end; the worker installs their declarations, calls their entry
// function and answers with what they show and how they ended (package wire). Cells print on descriptors 1 and 2 as any
// program does. The worker may die of what a cell does: that is its purpose. It dies, with all processes of its
// group, when the session goes.
//
// An interrupt ends interpreted code of the running cell at its next step, channel operation or sleep, and cancels
// display.Context for compiled code. Afterwards closures and goroutines made before go on.
package worker
