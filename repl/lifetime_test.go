package repl

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// victim, with this variable set, makes the test binary a session's process that is to be killed.
const victim = "GROUPNB_TEST_VICTIM"

// beVictim starts a session whose cell starts a process and blocks, prints both numbers and waits to be killed.
func beVictim() {
	s, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	src := os.Getenv(victim)
	s.running.Lock()
	conn, _ := s.usable(context.Background())
	run := &cellRun{session: s, conn: conn, program: lowered("fmt os os/exec time", "", src), emit: func(e Event) {
		if t, ok := e.(Stream); ok {
			fmt.Print(t.Text)
		}
	}}
	run.toEnd(context.Background())
}

// alive tells whether a process exists and is no zombie.
func alive(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && !isLinux()
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

func isLinux() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}

func waitGone(t *testing.T, pids ...int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range pids {
		for alive(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d is still there", pid)
			}
			time.Sleep(time.Millisecond) // nothing tells the end of a process that is not a child
		}
	}
}

const startsProcess = `
	cmd := exec.Command("sleep", "3600")
	if err := cmd.Start(); err != nil { panic(err) }
	fmt.Println(os.Getpid(), cmd.Process.Pid)
`

func pids(t *testing.T, line string) []int {
	t.Helper()
	var list []int
	for _, f := range strings.Fields(line) {
		pid, err := strconv.Atoi(f)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, pid)
	}
	return list
}

func TestNoProcessOutlivesItsSession(t *testing.T) {
	for _, c := range []struct{ name, rest string }{
		{"waiting", "time.Sleep(time.Hour)"},
		{"busy", "for {}"},
		{"printing", "for { fmt.Print() }"},
	} {
		t.Run("killed while "+c.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), victim+"="+startsProcess+c.rest)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			list := pids(t, line)
			cmd.Process.Kill()
			cmd.Wait()
			waitGone(t, list...)
		})
	}
}

func TestNoProcessOutlivesClose(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := run(t, s, "fmt os os/exec", "", startsProcess)
	list := pids(t, o.stdout)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(list[0]) {
		t.Error("the worker is there after Close")
	}
	waitGone(t, list...)
	if _, err := s.Execute(t.Context(), Cell{Source: "1"}, nil); err != ErrClosed {
		t.Errorf("a closed session answers %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestNoProcessOutlivesACrash(t *testing.T) {
	s := start(t, Options{})
	o := run(t, s, "fmt os os/exec", "", startsProcess+"os.Exit(1)")
	waitGone(t, pids(t, o.stdout)...)
}

func TestRestartForgets(t *testing.T) {
	s := start(t, Options{})
	first := run(t, s, "fmt os", "", "fmt.Println(os.Getpid())")
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if second := run(t, s, "fmt os", "", "fmt.Println(os.Getpid())"); second.err != nil || second.stdout == first.stdout {
		t.Errorf("%+v then %+v", first, second)
	}
	if alive(pids(t, first.stdout)[0]) {
		t.Error("the former worker is still there")
	}
}

func TestWorkerThatDiesBetweenCells(t *testing.T) {
	s := start(t, Options{})
	o := run(t, s, "fmt os time", "", `fmt.Println(os.Getpid())
		go func() { time.Sleep(time.Millisecond); os.Exit(7) }()`)
	waitGone(t, pids(t, o.stdout)...)
	e := run(t, s, "", "", "_gnb.Result(1 + 1)").cellError(t)
	if e.Name != Exit || !e.Lost || !strings.Contains(e.Msg, "exit status 7") || !strings.Contains(e.Msg, "did not run") {
		t.Errorf("%+v", e)
	}
	if o := run(t, s, "", "", "_gnb.Result(1 + 1)"); o.value != "2" {
		t.Errorf("%+v", o)
	}
}

func TestProgramThatIsNoWorker(t *testing.T) {
	s := start(t, Options{Command: []string{"true"}})
	o := execute(t, s, "1+1")
	if o.err == nil || !strings.Contains(o.err.Error(), "does main call repl.Hook first?") {
		t.Errorf("%v", o.err)
	}
	if _, err := Start(t.Context(), Options{Command: []string{"/no/such/program"}}); err == nil || !strings.Contains(err.Error(), "start worker") {
		t.Errorf("%v", err)
	}
}

func TestCloseWhileACellRuns(t *testing.T) {
	s, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := programTo(t.Context(), t, s, lowered("fmt os", "", "fmt.Println(os.Getpid())\nselect {}"), func(Event) { go s.Close() })
	if e := o.cellError(t); e.Name != Killed {
		t.Errorf("%+v", e)
	}
	s.Close()
	waitGone(t, pids(t, o.stdout)...)
	if n := children(t); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}
