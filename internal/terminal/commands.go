package terminal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/groupnb/groupnb/internal/notebook"
	"github.com/groupnb/groupnb/repl"
)

// errQuit ends the session.
var errQuit = errors.New("quit")

// A command is a line that begins with a colon, which no Go cell does.
type command struct {
	name, args, about string
	run               func(r *REPL, ctx context.Context, arg string) error
}

// commands returns all of them, in the order of :help.
func commands() []command {
	return []command{
		{"help", "", "this list", (*REPL).help},
		{"doc", "NAME", "documentation of a package, function, type or variable; also ?NAME", (*REPL).doc},
		{"type", "EXPRESSION", "its type", (*REPL).typeOf},
		{"load", "FILE", "run the cells of a notebook: .ipynb, .md or .go", (*REPL).load},
		{"save", "FILE", "write this session as .ipynb, with outputs, .md or .go", (*REPL).save},
		{"image", "kitty|iterm|blocks|none", "how pictures are drawn", (*REPL).setImages},
		{"quit", "", "leave; also Ctrl-D", func(*REPL, context.Context, string) error { return errQuit }},
	}
}

// isCommand reports whether source is for us rather than for the session.
func isCommand(source string) bool {
	return strings.HasPrefix(source, ":") || strings.HasPrefix(source, "?")
}

// command runs a line for us. What goes wrong is printed.
func (r *REPL) command(ctx context.Context, line string) error {
	line = strings.TrimSpace(line)
	var err error
	switch {
	case strings.HasPrefix(line, "?"):
		err = r.doc(ctx, strings.Trim(line, "? "))
	default:
		name, arg, _ := strings.Cut(line[1:], " ")
		all := commands()
		i := slices.IndexFunc(all, func(c command) bool { return name != "" && strings.HasPrefix(c.name, name) })
		if i < 0 {
			err = fmt.Errorf("unknown command :%s; :help lists them", name)
		} else if err = all[i].run(r, ctx, strings.TrimSpace(arg)); errors.Is(err, errQuit) {
			return err
		}
	}
	if err != nil {
		fmt.Fprintf(r.Err, "groupnb: %v\n", err)
	}
	return nil
}

func (r *REPL) help(context.Context, string) error {
	for _, c := range commands() {
		fmt.Fprintf(r.Out, "  %-30s %s\n", strings.TrimSpace(":"+c.name+" "+c.args), c.about)
	}
	fmt.Fprintf(r.Out, "Commands may be shortened. %%help lists those that work in notebooks too, such as %%time and !ls.\n"+
		"Tab completes, Ctrl-R searches the history, Ctrl-C interrupts.\n")
	return nil
}

func (r *REPL) doc(_ context.Context, name string) error {
	if name == "" {
		return errors.New("of what? :doc NAME")
	}
	d, ok := r.Session.Inspect(name, len(name), 0)
	if !ok {
		return fmt.Errorf("nothing is known of %s", name)
	}
	for _, part := range []string{d.Signature, d.Text} {
		if part = strings.TrimSpace(part); part != "" {
			fmt.Fprintln(r.Out, part)
		}
	}
	return nil
}

// typeOf asks the session without counting or saving a cell.
func (r *REPL) typeOf(ctx context.Context, expression string) error {
	if expression == "" {
		return errors.New("of what? :type EXPRESSION")
	}
	c := repl.Cell{Source: fmt.Sprintf("fmt.Sprintf(\"%%T\", %s)", expression), Name: "type", Silent: true}
	res, err := r.Session.Execute(ctx, c, func(repl.Event) {})
	if res.Value != nil {
		fmt.Fprintln(r.Out, res.Value.Text())
	}
	return err
}

func (r *REPL) load(ctx context.Context, path string) error {
	nb, err := notebook.Read(path)
	if err != nil {
		return err
	}
	for _, c := range nb.Cells {
		if c.Type != notebook.Code || strings.TrimSpace(c.Source) == "" {
			continue
		}
		if err := r.cell(ctx, c.Source); err != nil {
			return err
		}
		if r.failed {
			return fmt.Errorf("%s: stopped at the failing cell", path)
		}
	}
	return nil
}

func (r *REPL) save(_ context.Context, path string) error {
	if path == "" {
		return errors.New("where? :save FILE.ipynb")
	}
	r.recorder.Settle()
	if err := r.saved.WriteFile(path); err != nil {
		return err
	}
	fmt.Fprintf(r.Err, "groupnb: %d cells saved in %s\n", len(r.saved.Cells), path)
	return nil
}

func (r *REPL) setImages(_ context.Context, how string) error {
	switch i := Images(how); i {
	case Kitty, ITerm, Blocks, Blocks8, NoImages:
		r.Images = i
		return nil
	}
	return fmt.Errorf("pictures are drawn as %s; :image kitty, iterm, blocks or none changes that", r.Images)
}
