package repl

import (
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/internal/symbols"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what `go run` prints as the expected output of testdata/programs")

// A program does the same as cells as it does under `go run`: as one cell, and with each declaration in a cell of its
// own. The archives in testdata/programs hold sources without package clause, most without imports, and what `go run`
// printed. Beside a program that cells refuse, as go run may or may not, name.refused holds the error instead.
func TestPrograms(t *testing.T) {
	files, err := filepath.Glob("testdata/programs/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				updateArchive(t, file, a)
			}
			runArchive(t, a)
		})
	}
}

func runArchive(t *testing.T, a *txtar.Archive) {
	files := map[string]string{}
	for _, f := range a.Files {
		files[f.Name] = string(f.Data)
	}
	whole, split := start(t, Options{}), start(t, Options{})
	for _, f := range a.Files {
		name, ok := strings.CutSuffix(f.Name, ".go")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if want, ok := files[name+".refused"]; ok {
				check(t, whole, "refusal", want, []Cell{{Source: string(f.Data), Name: name}})
				return
			}
			want, ok := files[name+".out"]
			if !ok {
				t.Fatal("run the test with -update to record what go run prints")
			}
			check(t, whole, "one cell", want, []Cell{{Source: string(f.Data)}})
			if err := split.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			check(t, split, "many cells", want, declarations(t, string(f.Data)))
		})
	}
}

func check(t *testing.T, s *Session, how, want string, cells []Cell) {
	t.Helper()
	got := ""
	for _, c := range cells {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		o := executeIn(ctx, s, c)
		cancel()
		got += o.stdout
		if o.err != nil {
			got += "error: " + o.err.Error() + "\n"
		}
	}
	want, got = strings.TrimSuffix(want, "\n"), strings.TrimSuffix(got, "\n") // archives end each file with a newline
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-go run +cells):\n%s", how, diff)
	}
}

// declarations cuts a program into its declarations: types before what may use them, main last.
func declarations(t *testing.T, src string) []Cell {
	const prefix = "package main;"
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", prefix+src, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := func(n ast.Node) string {
		return src[fset.Position(n.Pos()).Offset-len(prefix) : fset.Position(n.End()).Offset-len(prefix)]
	}
	var decls, main []Cell
	first := ""
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "main" {
			main = append(main, Cell{Source: text(d)})
			continue
		}
		first += text(d) + "\n"
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
			decls = append(decls, Cell{Source: text(d)}) // once more, as a redefinition in a later cell
		}
	}
	return append(append([]Cell{{Source: first}}, decls...), main...)
}

// updateArchive builds the programs of an archive that cells run with the go command, all at once, and runs them.
func updateArchive(t *testing.T, file string, a *txtar.Archive) {
	module, bin := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} { // programs may import what cells may
		text, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.Join(module, name), string(text))
	}
	refused := map[string]bool{}
	for _, f := range a.Files {
		if name, ok := strings.CutSuffix(f.Name, ".refused"); ok {
			refused[name] = true
		}
	}
	var programs []string
	for _, f := range a.Files {
		if name, ok := strings.CutSuffix(f.Name, ".go"); ok && !refused[name] {
			programs = append(programs, "./"+name)
			write(filepath.Join(module, name, "main.go"), withImports(t, string(f.Data)))
		}
	}
	if programs == nil {
		return
	}
	build := exec.Command("go", append([]string{"build", "-o", bin + "/"}, programs...)...)
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var files []txtar.File
	for _, f := range a.Files {
		name, ok := strings.CutSuffix(f.Name, ".go")
		if ok && !refused[name] {
			out, err := exec.CommandContext(t.Context(), filepath.Join(bin, name)).Output()
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			files = append(files, f, txtar.File{Name: name + ".out", Data: out})
		} else if ok || strings.HasSuffix(f.Name, ".refused") {
			files = append(files, f)
		}
	}
	a.Files = files
	if err := os.WriteFile(file, txtar.Format(a), 0o666); err != nil {
		t.Fatal(err)
	}
}

// withImports adds the imports of the standard library that a program needs and does not write.
func withImports(t *testing.T, src string) string {
	f, err := parser.ParseFile(token.NewFileSet(), "", "package main;"+src, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{"rand": "math/rand/v2", "template": "text/template", "scanner": "text/scanner", "pprof": "runtime/pprof"}
	for _, p := range symbols.Packages() {
		if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") && known[path.Base(p)] == "" {
			known[path.Base(p)] = p
		}
	}
	for _, i := range f.Imports {
		written, _ := strconv.Unquote(i.Path.Value)
		maps.DeleteFunc(known, func(name, p string) bool { return p == written || name == path.Base(written) })
	}
	paths := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil && known[x.Name] != "" {
				paths[known[x.Name]] = true
			}
		}
		return true
	})
	head := "package main\n\n"
	for p := range paths {
		head += fmt.Sprintf("import %q\n", p)
	}
	return head + src
}
