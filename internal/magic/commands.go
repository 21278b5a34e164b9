package magic

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A kind of command.
type kind struct {
	name, args, help string
	do               func(r *run, arg string) error
	code             bool // the argument is Go code
	body             bool // the rest of the cell belongs to it
}

var known []kind

func init() { // not at the declaration: help refers to the list
	known = []kind{
		{name: "%cd", args: "DIR", help: "change the working directory; without DIR to the home directory", do: cd},
		{name: "%env", args: "[NAME[=VALUE]]", help: "show environment variables or set one", do: env},
		{name: "%help", args: "[NAME]", help: "show this list, or the documentation of a name such as fmt.Println", do: help},
		{name: "%reset", help: "forget everything: a fresh session", do: reset},
		{name: "%time", args: "[CODE]", help: "tell how long the rest of the cell, or CODE, takes", do: timed, code: true},
		{name: "%vars", help: "list the variables and their types", do: vars},
		{name: "%%writefile", args: "[-a] FILE", help: "write (-a: append) the rest of the cell to a file", do: writeFile, body: true},
	}
}

func lookup(name string) *kind {
	for i := range known {
		if known[i].name == name {
			return &known[i]
		}
	}
	return nil
}

func names() string {
	var all []string
	for _, k := range known {
		all = append(all, k.name)
	}
	return strings.Join(all, ", ")
}

// shellCommand runs what follows an exclamation mark. What it prints is the worker's output and comes as it is printed.
func shellCommand(r *run, arg string) error {
	if err := r.must("_shell.Run(" + strconv.Quote(arg) + ")"); err != nil {
		return fmt.Errorf("!%s: %w", arg, err)
	}
	return nil
}

func cd(r *run, arg string) error {
	if err := r.must("_shell.Chdir(" + strconv.Quote(arg) + ")"); err != nil {
		return err
	}
	dir, err := r.call("func() string { dir, _ := _os.Getwd(); return dir }()")
	r.print(dir + "\n")
	return err
}

func env(r *run, arg string) error {
	name, value, set := strings.Cut(arg, "=")
	if !set {
		name, value, set = strings.Cut(arg, " ")
	}
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case set:
		return r.must("_os.Setenv(" + strconv.Quote(name) + ", " + strconv.Quote(value) + ")")
	case name != "":
		text, err := r.call("_os.Getenv(" + strconv.Quote(name) + ")")
		r.print(text + "\n")
		return err
	}
	text, err := r.call("func() (all string) { for _, e := range _os.Environ() { all += e + \"\\n\" }; return all }()")
	r.print(text)
	return err
}

// HelpTopic returns the name that a cell asks to document, if that is all it does: a front end with a place of its own
// for documentation may show it there.
func HelpTopic(src string) (name string, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimSpace(src), "%help ")
	return strings.TrimSpace(name), ok && !strings.Contains(name, "\n")
}

func help(r *run, arg string) error {
	if arg != "" {
		doc, ok := r.session.Inspect(arg, len(arg), 0)
		if !ok {
			return fmt.Errorf("there is no documentation of %s", arg)
		}
		r.print(strings.TrimSpace(doc.Signature+"\n\n"+doc.Text) + "\n")
		return nil
	}
	r.print(table(func(row func(...string)) {
		row("!COMMAND", "run a command of the system's shell")
		for _, k := range known {
			row(strings.TrimSpace(k.name+" "+k.args), k.help)
		}
	}) + "\nCommands stand at the start of a cell; the rest of it is Go.\n")
	return nil
}

func reset(r *run, arg string) error { return r.session.Restart(r.ctx) }

func timed(r *run, arg string) error {
	r.timed = true
	return nil
}

func vars(r *run, arg string) error {
	all := r.session.Vars()
	if len(all) == 0 {
		r.print("There are no variables.\n")
		return nil
	}
	r.print(table(func(row func(...string)) {
		for _, v := range all {
			row(v.Name, v.Type)
		}
	}))
	return nil
}

// table aligns columns.
func table(fill func(row func(cells ...string))) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fill(func(cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) })
	w.Flush()
	return b.String()
}

func writeFile(r *run, arg string) error {
	name, text, _ := strings.Cut(arg, "\n")
	name, add := strings.CutPrefix(strings.TrimSpace(name), "-a ")
	if name = strings.TrimSpace(name); name == "" {
		return errors.New("%%writefile needs the name of a file")
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	code := fmt.Sprintf("_shell.WriteFile(%q, %q, %v)", name, text, add)
	if err := r.must(code); err != nil {
		return err
	}
	verb := "wrote"
	if add {
		verb = "appended to"
	}
	r.print(verb + " " + name + "\n")
	return nil
}
