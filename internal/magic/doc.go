// Package magic adds commands to a session: lines at the start of a cell that are not Go.
//
//	!ls *.png                 run a command of the system's shell; its failure is the cell's
//	%cd DIR                   change the working directory
//	%env [NAME[=VALUE]]       show or set environment variables
//	%help [NAME]              show this list, or the documentation of a name
//	%reset                    forget everything: a fresh session
//	%time [CODE]              run the rest of the cell, or CODE, and tell how long it took
//	%vars                     list the variables and their types
//	%%writefile [-a] FILE     write (-a: append) the rest of the cell to a file
//
// [Wrap] turns a session into one that knows them, so that every front end has the same. What a command does to
// directory, environment and files happens in the worker, by the functions of repl/shell: cells and commands see the
// same. Commands after the first line of Go are not recognised; lines keep their numbers in positions.
package magic
