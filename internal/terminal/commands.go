package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/groupnb/groupnb/internal/notebook"
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
		{"vars", "", "the variables of this session", (*REPL).vars},
		{"time", "CELL", "run it and print how long it took", (*REPL).timed},
		{"load", "FILE", "run the cells of a notebook: .ipynb, .md or .go", (*REPL).load},
		{"save", "FILE", "write this session as .ipynb, with outputs, .md or .go", (*REPL).save},
		{"image", "kitty|iterm|blocks|none", "how pictures are drawn", (*REPL).setImages},
		{"reset", "", "forget all variables and declarations", (*REPL).reset},
		{"quit", "", "leave; also Ctrl-D", func(*REPL, context.Context, string) error { return errQuit }},
	}
}

// isCommand reports whether source is for us rather than for the session.
func isCommand(source string) bool {
	return strings.HasPrefix(source, ":") || strings.HasPrefix(source, "?") || strings.HasPrefix(source, "!")
}

// command runs a line for us. What goes wrong is printed.
func (r *REPL) command(ctx context.Context, line string) error {
	line = strings.TrimSpace(line)
	var err error
	switch {
	case strings.HasPrefix(line, "?"):
		err = r.doc(ctx, strings.Trim(line, "? "))
	case strings.HasPrefix(line, "!"):
		err = r.shell(ctx, line[1:])
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
	fmt.Fprintln(r.Out, "  !COMMAND                       run it in the shell")
	fmt.Fprintln(r.Out, "Commands may be shortened. Tab completes, Ctrl-R searches the history, Ctrl-C interrupts.")
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

func (r *REPL) typeOf(ctx context.Context, expression string) error {
	return r.cell(ctx, fmt.Sprintf("fmt.Printf(\"%%T\\n\", %s)", expression))
}

func (r *REPL) vars(context.Context, string) error {
	w := tabwriter.NewWriter(r.Out, 0, 8, 2, ' ', 0)
	for _, v := range r.Session.Vars() {
		fmt.Fprintf(w, "%s\t%s\n", v.Name, v.Type)
	}
	return w.Flush()
}

func (r *REPL) timed(ctx context.Context, source string) error {
	start := time.Now()
	err := r.cell(ctx, source)
	fmt.Fprintf(r.Err, "groupnb: %s\n", time.Since(start).Round(10*time.Microsecond))
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

func (r *REPL) reset(ctx context.Context, _ string) error {
	if err := r.Session.Restart(ctx); err != nil {
		return err
	}
	r.next = 1
	return nil
}

// shell runs a command with the terminal as its own; Ctrl-C reaches it, not us.
func (r *REPL) shell(ctx context.Context, command string) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, r.Out, r.Err
	err := cmd.Run()
	select {
	case <-r.Interrupts:
	default:
	}
	return err
}
