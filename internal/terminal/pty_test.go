package terminal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// TestMain turns the test binary, started again with this variable, into a session at a terminal.
func TestMain(m *testing.M) {
	if history := os.Getenv("TERMINAL_TEST_HISTORY"); history != "" {
		h, _ := OpenHistory(history)
		interrupts := make(chan os.Signal, 1)
		signal.Notify(interrupts, os.Interrupt)
		s := echo{}
		r := REPL{Session: s, Editor: NewReadline(s, h, true), Out: os.Stdout, Err: os.Stdout, Interrupts: interrupts}
		fmt.Println("end:", r.Run(context.Background()))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// echo is a session whose cells show their source, quoted; "wait" runs until it is interrupted, "ask" reads a line.
type echo struct{}

func (echo) Execute(ctx context.Context, c repl.Cell, emit func(repl.Event)) (repl.Result, error) {
	switch c.Source {
	case "wait":
		emit(repl.Stream{Name: "stdout", Text: "waiting\n"})
		<-ctx.Done()
		return repl.Result{Count: 1}, &repl.CellError{Name: "interrupted", Msg: "was interrupted"}
	case "ask":
		answer, err := c.Stdin("name? ", false)
		emit(repl.Stream{Name: "stdout", Text: fmt.Sprintf("answer %q %v\n", answer, err)})
		return repl.Result{Count: 1}, nil
	}
	b := display.NewText(fmt.Sprintf("ran %q", c.Source))
	return repl.Result{Count: 1, Value: &b}, nil
}

func (echo) Inspect(source string, _, _ int) (repl.Doc, bool) {
	return repl.Doc{Signature: "func " + source, Text: "It is known."}, source == "known"
}

func (echo) IsComplete(source string) (status, indent string) {
	if depth := strings.Count(source, "{") - strings.Count(source, "}"); depth > 0 {
		return "incomplete", strings.Repeat("\t", depth)
	}
	return "complete", ""
}

func (echo) Complete(source string, cursor int) repl.Completion {
	start := strings.LastIndexAny(source[:cursor], " .\n") + 1
	c := repl.Completion{Start: start, End: cursor}
	for _, name := range []string{"Printf", "Println", "Sqrt"} {
		if strings.HasPrefix(name, source[start:cursor]) {
			c.Items = append(c.Items, repl.Item{Text: name, Kind: "func", Type: "func(...)"})
		}
	}
	return c
}

// A screen is what a program wrote to a pseudo-terminal so far.
type screen struct {
	t    *testing.T
	tty  *os.File
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

// start runs a session in a terminal.
func start(t *testing.T, history string) *screen {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "HOME=" + t.TempDir(), "TERMINAL_TEST_HISTORY=" + history, "INPUTRC=/dev/null"}
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		t.Skipf("needs a pseudo-terminal: %v", err)
	}
	s := &screen{t: t, tty: tty, more: make(chan struct{}, 1)}
	go s.read()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		tty.Close()
	})
	s.wants("In[1]: ")
	return s
}

// read collects output.
func (s *screen) read() {
	b := make([]byte, 1<<12)
	for {
		n, err := s.tty.Read(b)
		s.mu.Lock()
		s.text.Write(b[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *screen) types(text string) {
	s.t.Helper()
	if _, err := s.tty.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// wants waits until text appears and forgets what is before it.
func (s *screen) wants(text string) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	for {
		s.mu.Lock()
		i := bytes.Index(s.text.Bytes(), []byte(text))
		if i >= 0 {
			s.text.Next(i + len(text))
		}
		all := s.text.String()
		s.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-s.more:
		case <-deadline:
			s.t.Fatalf("%q did not appear in %q", text, all)
		}
	}
}

func TestTyping(t *testing.T) {
	for _, c := range []struct{ name, typed, want string }{
		{"a line", "x + 1\r", `ran "x + 1"`},
		{"letters with accents", "s := \"éüñß\"\r", `ran "s := \"éüñß\""`},
		{"several lines are indented and closed", "for {\rgo()\r}\r", `ran "for {\n\tgo()\n}"`},
		{"a pasted text keeps its tabs and waits for Enter", "\x1b[200~if a {\n\tb()\n}\x1b[201~\r", `ran "if a {\n\tb()\n}"`},
		{"pasted prompts are left out", "\x1b[200~In[3]: for {\n   ...: }\x1b[201~\r", `ran "for {\n}"`},
		{"Up stays within the input", "for {\rb\x1b[AX\r}\x1b[B\r", `X`},
		{"Tab at the beginning of a line indents", "\tx\r", `ran "\tx"`},
		{"Tab completes", "fmt.Sq\t(2)\r", `ran "fmt.Sqrt(2)"`},
		{"Tab completes behind a dot", "fmt.\t\t(2)\r", `ran "fmt.Println(2)"`},
		{"Ctrl-C clears the input", "abc\x03def\r", `ran "def"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, filepath.Join(t.TempDir(), "history"))
			s.types(c.typed)
			s.wants(c.want)
		})
	}
}

func TestCtrlCInterruptsTheCell(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "history"))
	s.types("wait\r")
	s.wants("waiting")
	s.types("\x03")
	s.wants("was interrupted")
	s.wants("In[2]: ")
}

func TestACellAsks(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "history"))
	s.types("ask\r")
	s.wants("name? ")
	s.types("Göran\n")
	s.wants(`answer "Göran" <nil>`)
	s.types("ask\r")
	s.wants("name? ")
	s.types("\x03")
	s.wants(`answer "" context canceled`)
	s.wants("In[2]: ")
	s.types("kept\r")
	s.wants(`ran "kept"`)
}

func TestCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "session.md")
	s := start(t, filepath.Join(t.TempDir(), "history"))
	for _, c := range []struct{ typed, want string }{
		{":help", ":doc NAME"},
		{"?known", "It is known."},
		{":doc known", "func known"},
		{":doc other", "groupnb: nothing is known of other"},
		{":nonsense", "groupnb: unknown command :nonsense; :help lists them"},
		{"for {\r}", `ran "for {\n}"`},
		{":save " + path, "groupnb: 1 cells saved"},
		{":load " + path, `ran "for {\n}"`},
		{":quit", "end: <nil>"},
	} {
		s.types(c.typed + "\r")
		s.wants(c.want)
		if c.typed != ":quit" {
			s.wants("]: ")
		}
	}
}

func TestCtrlDLeaves(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "history"))
	s.types("\x04")
	s.wants("end: <nil>")
}

func TestHistoryOutlivesTheSession(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dir", "history")
	s := start(t, path)
	s.types("for {\r}\r")
	s.wants(`ran "for {\n}"`)
	s.wants("In[2]: ")
	s.types("\x04")
	s.wants("end: <nil>")
	s = start(t, path)
	s.types("\x1b[A\r")
	s.wants(`ran "for {\n}"`)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history is %v, %v", info, err)
	}
}
