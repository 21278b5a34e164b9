package worker

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/traefik/yaegi/interp"
	yaegiunsafe "github.com/traefik/yaegi/stdlib/unsafe"

	"github.com/groupnb/groupnb/internal/symbols"
	"github.com/groupnb/groupnb/internal/worker/rt"
	"github.com/groupnb/groupnb/internal/worker/wire"
)

// interpreter is yaegi with the symbols of all compiled packages.
type interpreter struct {
	*interp.Interpreter
	private  private
	imported map[string]bool // import specs that package main has
	poll     *poll
	position *position
	stopping sync.WaitGroup // done when no stop is on its way

	mu    sync.Mutex
	trace []string // of the panic on its way
	at    int      // where the panic on its way began; 0 if there is none
}

func newInterpreter(w *worker) *interpreter {
	in := &interpreter{imported: map[string]bool{}}
	in.Interpreter = interp.New(interp.Options{
		Unrestricted: true,
		Stdin:        w.input,
		Stdout:       stream{w.out, wire.Stderr}, // of print and println alone
		Stderr:       traceWriter{in},
	})
	in.private = privateFields(in.Interpreter)
	values := interp.Exports(symbols.Values())
	w.override(values)
	// Under its plain name, fmt would make Use replace functions of fmt, log, flag and os by restricted ones.
	values["fmt/./fmt"] = values["fmt/fmt"]
	delete(values, "fmt/fmt")
	values["gnb/rt/rt"] = rt.Exports()
	values["gnb/types/types"] = nil                        // grows with what programs define
	values["gnb/types/types"] = map[string]reflect.Value{} // grows with rt.Define
	for name, table := range yaegiunsafe.Symbols {
		values[name] = table
	}
	values["."] = map[string]reflect.Value{"MapTypes": reflect.ValueOf(mapTypes(values))}
	if err := in.Use(values); err != nil {
		panic("worker: symbols: " + err.Error())
	}
	in.poll, in.position = newPoll(in.Interpreter), newPosition(in.Interpreter)
	in.private.ownGlobals()
	return in
}

// install makes the declarations of a program part of the interpreter and compiles its entry function, nil if there is
// none. An error means that the interpreter cannot do what the front end thought it could.
func (in *interpreter) install(types, decls, entry string) (run *interp.Program, fault *wire.Fault) {
	defer in.private.forgetSyntax()
	defer func() {
		if r := recover(); r != nil {
			fault = &wire.Fault{Kind: "install", Text: fmt.Sprint(r)}
		}
	}()
	run, err := in.tryInstall(types, decls, entry)
	if err != nil {
		return nil, &wire.Fault{Kind: "install", Text: err.Error()}
	}
	return run, nil
}

func (in *interpreter) tryInstall(types, decls, entry string) (*interp.Program, error) {
	if types != "" {
		table, err := rt.Define(types)
		if err != nil {
			return nil, err
		}
		if err := in.Use(interp.Exports{"gnb/types/types": table}); err != nil {
			return nil, err
		}
	}
	if decls == "" {
		return nil, nil
	}
	file, err := parser.ParseFile(in.FileSet(), "_.go", decls, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if err := in.addImports(file); err != nil {
		return nil, err
	}
	main := entryFile(file, entry)
	if len(file.Decls) > 0 {
		if err := in.compile(file); err != nil {
			return nil, err
		}
	}
	if main == nil {
		return nil, nil
	}
	return in.amended(main)
}

// amended compiles a file.
func (in *interpreter) amended(file *ast.File) (*interp.Program, error) {
	p, err := in.CompileAST(file)
	if err == nil {
		amend(p, in.position)
		in.private.fillGlobals()
	}
	return p, err
}

func (in *interpreter) compile(file *ast.File) error {
	program, err := in.amended(file)
	if err == nil {
		_, err = in.Execute(program)
	}
	return err
}

// entryFile takes the entry function out of file and makes it an init function of its own file: executing that runs
// it, and nothing of it stays in the interpreter.
func entryFile(file *ast.File, entry string) *ast.File {
	for i, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == entry {
			f.Name.Name = "init"
			file.Decls = slices.Delete(file.Decls, i, i+1)
			return &ast.File{Package: file.Package, Name: file.Name, Decls: []ast.Decl{f}}
		}
	}
	return nil
}

// addImports takes the imports out of file and adds those that package main does not have; the interpreter refuses
// what it has, and adding them on their own tells for sure what that is.
func (in *interpreter) addImports(file *ast.File) error {
	added := &ast.File{Package: file.Package, Name: file.Name}
	var keys []string
	rest := file.Decls[:0]
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			rest = append(rest, d)
			continue
		}
		for _, s := range g.Specs {
			if key := importKey(s.(*ast.ImportSpec)); !in.imported[key] && !slices.Contains(keys, key) {
				keys = append(keys, key)
				added.Decls = append(added.Decls, &ast.GenDecl{TokPos: g.TokPos, Tok: token.IMPORT, Specs: []ast.Spec{s}})
			}
		}
	}
	file.Decls = rest
	if len(keys) == 0 {
		return nil
	}
	if err := in.compile(added); err != nil {
		return err
	}
	for _, key := range keys {
		in.imported[key] = true
	}
	return nil
}

func importKey(s *ast.ImportSpec) string {
	if s.Name != nil {
		return s.Name.Name + " " + s.Path.Value
	}
	return s.Path.Value
}

// call runs a program to its end; it does not return from one that ends the goroutine.
func (in *interpreter) call(c *running, p *interp.Program) (fault *wire.Fault) {
	in.takeTrace()
	c.main.Store(goroutine())
	if !c.enter() {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			fault = in.panicFault(r)
		}
	}()
	_, err := in.Execute(p)
	if p, ok := err.(interp.Panic); ok {
		return in.panicFault(p.Value)
	} else if err != nil {
		return &wire.Fault{Kind: "install", Text: err.Error()}
	}
	return nil
}

func (in *interpreter) panicFault(value any) *wire.Fault {
	trace, at := in.takeTrace()
	return &wire.Fault{Kind: "panic", Text: panicText(rt.Translate(value)), Trace: trace, At: at}
}

// panicText is what the runtime prints of a panic value.
func panicText(v any) string {
	if r, ok := v.(reflect.Value); ok && r.IsValid() && r.CanInterface() {
		v = r.Interface()
	}
	switch v := v.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(v)
}

// traceWriter takes what the interpreter writes as a panic leaves its frames, a line for each, innermost first:
// "In[3]/_.go:4:2: panic: main.f(...)".
type traceWriter struct{ *interpreter }

func (in traceWriter) Write(b []byte) (int, error) {
	position, function, ok := strings.Cut(strings.TrimSpace(string(b)), ": panic: ")
	cell, position, found := strings.Cut(position, "/_.go:")
	if !ok || !found { // not code of a cell
		return len(b), nil
	}
	line := cell + ":" + position
	if function = strings.TrimSuffix(strings.TrimPrefix(function, "main."), "(...)"); function != "init" {
		line += ": " + function
	}
	in.panicking()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.trace = append(in.trace, line)
	return len(b), nil
}

// panicking notes where a panic began, before deferred calls run.
func (in *interpreter) panicking() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.at == 0 {
		in.at = int(in.position.Load())
	}
}

// takeTrace returns the frames that the last panic left, and where it began.
func (in *interpreter) takeTrace() (trace []string, at int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	trace, at = in.trace, in.at
	in.trace, in.at = nil, 0
	return trace, at
}
