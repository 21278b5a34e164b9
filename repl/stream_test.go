package repl

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/groupnb/groupnb/repl/display"
)

func TestStreamsKeepTheirOrder(t *testing.T) {
	s := start(t, Options{})
	o := run(t, s, "fmt log os github.com/groupnb/groupnb/repl/display", "", `
		log.SetFlags(0)
		for i := 0; i < 3; i++ {
			fmt.Println("out", i)
			fmt.Fprintln(os.Stderr, "err", i)
			log.Print("log ", i)
			display.Show(i)
		}
		os.Stdout.WriteString("direct\n")
		display.Clear(true)`)
	var want []Event
	for i := range 3 {
		want = append(want,
			Stream{"stdout", fmt.Sprintf("out %d\n", i)},
			Stream{"stderr", fmt.Sprintf("err %d\nlog %d\n", i, i)},
			Display{Bundle: display.NewText(fmt.Sprint(i))})
	}
	want = append(want, Stream{"stdout", "direct\n"}, Clear{Wait: true})
	if d := cmp.Diff(want, o.events); d != "" {
		t.Error(d)
	}
}

func TestManyLinesMakeFewEvents(t *testing.T) {
	s := start(t, Options{})
	o := run(t, s, "fmt", "", `for i := 0; i < 100000; i++ { fmt.Println("line", i) }`)
	if len(o.events) > 100 && !underRace {
		t.Errorf("%d events", len(o.events))
	}
	if n := strings.Count(o.stdout, "\n"); n != 100000 || !strings.HasSuffix(o.stdout, "line 99999\n") {
		t.Errorf("%d lines", n)
	}
}

func TestOutputAboveTheLimitGoesToAFile(t *testing.T) {
	s := start(t, Options{MaxOutput: 1000})
	o := run(t, s, "fmt strings", "", `for i := 0; i < 100; i++ { fmt.Print(strings.Repeat("x", 99), "\n") }`)
	if len(o.stdout) != 1000 {
		t.Errorf("%d bytes shown", len(o.stdout))
	}
	m := regexp.MustCompile(`^\n\.\.\. 8\.8 kB more output not shown; it is in (.*)\n$`).FindStringSubmatch(o.stderr)
	if m == nil {
		t.Fatalf("stderr %q", o.stderr)
	}
	defer os.Remove(m[1])
	data, err := os.ReadFile(m[1])
	if err != nil || o.stdout+string(data) != strings.Repeat(strings.Repeat("x", 99)+"\n", 100) {
		t.Errorf("the file does not hold the rest: %d bytes, %v", len(data), err)
	}
	if o := run(t, s, "fmt", "", `fmt.Println("again")`); o.stdout != "again\n" {
		t.Errorf("the next cell prints %q", o.stdout)
	}
}

func TestRunesAreNotSplit(t *testing.T) {
	s := start(t, Options{})
	o := run(t, s, "os time", "", `
		for _, b := range []byte("añ日😀z") { os.Stdout.Write([]byte{b}); time.Sleep(20 * time.Millisecond) }
		os.Stdout.Write([]byte{0xff, 0xff, 'e', 0xe6, 0x9c})`)
	if o.stdout != "añ日😀z\uFFFD\uFFFDe\uFFFD\uFFFD" {
		t.Errorf("%q", o.stdout)
	}
	for _, e := range o.events {
		if s := e.(Stream); strings.ContainsRune(s.Text, '\uFFFD') && !strings.HasSuffix(o.stdout, s.Text) {
			t.Errorf("a piece %q", s.Text)
		}
	}
}

func TestPrintedTextArrivesWhileTheCellRuns(t *testing.T) {
	s := start(t, Options{})
	o, took := interrupted(t, s, "time.Sleep(time.Hour)")
	if e := o.cellError(t); e.Name != Interrupted || o.stdout != "go\n" {
		t.Errorf("%+v after %v", o, took)
	}
}

func TestWhatLooksLikeACrashIsOutput(t *testing.T) {
	s := start(t, Options{})
	text := "x panic: no\npanic: not really\nfatal error: neither\n"
	o := run(t, s, "os", "", fmt.Sprintf("os.Stderr.WriteString(%q)", text))
	if o.stderr != text || o.err != nil {
		t.Errorf("stderr %q, error %v", o.stderr, o.err)
	}
}

func TestMarkersCannotBeGuessed(t *testing.T) {
	s := start(t, Options{})
	text := "\x00gnb\x00z1\x00"
	if o := run(t, s, "fmt", "", fmt.Sprintf("fmt.Print(%q)", text)); o.stdout != text {
		t.Errorf("%q", o.stdout)
	}
}

func TestInput(t *testing.T) {
	s := start(t, Options{})
	lines := []string{"Ada 36", "one", "two"}
	p := lowered("bufio fmt os", "", `
		fmt.Print("who? ")
		var name string
		var age int
		fmt.Scanln(&name, &age)
		fmt.Println(name, age)
		sc := bufio.NewScanner(os.Stdin)
		for sc.Scan() { fmt.Println("got", sc.Text()) }`)
	var o outcome
	var seen string
	s.running.Lock()
	defer s.running.Unlock()
	conn, err := s.usable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	run := &cellRun{session: s, conn: conn, program: p, emit: func(e Event) { shown.WriteString(e.(Stream).Text) }}
	run.cell.Stdin = func(prompt string, password bool) (string, error) {
		if len(lines) == 3 {
			seen = shown.String()
		}
		if len(lines) == 0 {
			return "", os.ErrClosed
		}
		line := lines[0]
		lines = lines[1:]
		return line, nil
	}
	_, o.err = run.toEnd(t.Context())
	if want := "who? Ada 36\ngot one\ngot two\n"; shown.String() != want || o.err != nil {
		t.Errorf("%q, %v", shown.String(), o.err)
	}
	if seen != "who? " {
		t.Errorf("when asked, %q had been shown", seen)
	}
}

// A goroutine's late output belongs to the cell that started it.
func TestLateOutput(t *testing.T) {
	got := make(chan string, 10)
	s := start(t, Options{Late: func(cell string, e Event) { got <- cell + " " + e.(Stream).Name + " " + e.(Stream).Text }})
	first := run(t, s, "fmt os", "var ask, answered = make(chan int), make(chan int)", `
		go func() {
			for range ask { fmt.Println("late"); answered <- 1 }
			fmt.Fprintln(os.Stderr, "later")
		}()`)
	if first.err != nil {
		t.Fatal(first.err)
	}
	o := run(t, s, "fmt", "", `fmt.Println("before"); ask <- 1; <-answered; fmt.Println("after"); close(ask)`)
	if o.stdout != "before\nafter\n" {
		t.Errorf("the second cell shows %q", o.stdout)
	}
	name := fmt.Sprintf("In[%d]", entries-1)
	var all string
	for !strings.Contains(all, "later") {
		all += <-got
	}
	if want := name + " stdout late\n" + name + " stderr later\n"; all != want {
		t.Errorf("late: %q, want %q", all, want)
	}
}

func TestLateOutputWithoutAReceiver(t *testing.T) {
	s := start(t, Options{})
	run(t, s, "fmt", "var ask, answered = make(chan int), make(chan int)", `go func() { for range ask { fmt.Println("late"); answered <- 1 } }()`)
	o := run(t, s, "fmt", "", `ask <- 1; <-answered; fmt.Println("after")`)
	if o.stdout != "late\nafter\n" {
		t.Errorf("%q", o.stdout)
	}
}

func TestAnimationCostsWhatIsSeen(t *testing.T) {
	s := start(t, Options{})
	o := execute(t, s, `
		display.ShowAs("a", 0)
		for i := range 5000 { display.Update("a", i) }`)
	if o.err != nil {
		t.Fatal(o.err)
	}
	last := o.events[len(o.events)-1].(Display)
	if last.ID != "a" || last.Bundle.Text() != "4999" || len(o.events) > 1000 {
		t.Errorf("%d events, the last %+v", len(o.events), last)
	}
	if first := o.events[1].(Display); first.Update {
		t.Errorf("the first picture updates one that was never shown: %+v", first)
	}
}

func TestAllDisplaysArrive(t *testing.T) {
	s := start(t, Options{})
	o := execute(t, s, "for i := range 5000 { display.Show(i) }")
	n := 0
	for _, e := range o.events {
		if d, ok := e.(Display); ok {
			if d.Bundle.Text() != fmt.Sprint(n) {
				t.Fatalf("number %d is %s", n, d.Bundle.Text())
			}
			n++
		}
	}
	if n != 5000 || o.err != nil {
		t.Errorf("%d displays, error %v", n, o.err)
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	s := start(t, Options{})
	o := execute(t, s, `display.Show(display.Bundle{Metadata: map[string]map[string]any{"a": {"b": math.Inf(1)}}})
		1`)
	if o.value != "1" || o.err != nil {
		t.Fatalf("%+v", o)
	}
	for _, e := range o.events {
		if d, ok := e.(Display); ok && !strings.HasPrefix(d.Bundle.Text(), "this cannot be shown: ") {
			t.Errorf("%.100q", d.Bundle.Text())
		}
	}
}

func TestOptions(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir, Env: []string{"GROUPNB_TEST_OPTION=yes"}})
	if o := execute(t, s, `wd, _ := os.Getwd(); fmt.Sprint(wd, " ", os.Getenv("GROUPNB_TEST_OPTION"), os.Getenv("GROUPNB_WORKER"))`); o.value != dir+" yes" {
		t.Errorf("%q, %v", o.value, o.err)
	}
}
