package nn

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Where the process of TestAKilledTrainingGoesOn keeps its checkpoint, and in which step it waits to be killed, -1 for none.
const (
	checkpointOfProcess = "GROUPNB_TEST_CHECKPOINT"
	lastStepOfProcess   = "GROUPNB_TEST_LAST_STEP"
)

// longTraining is the run that is killed: 4 epochs of 4 steps. Its checkpoint takes a while to write.
func longTraining(more ...FitOption) (*Model, error) {
	m := Sequential(Conv2D(1, 8, 3, Padding(1)), BatchNorm2D(8), ReLU(), Dropout(0.2), Flatten(), Linear(512, 512), ReLU(), Linear(512, 3))
	_, err := m.Fit(batches(newBars(60), 16), SGD(0.05, Momentum(0.9), WeightDecay(1e-4)),
		append(more, Epochs(4), LR(CosineLR(0)), Validate(newBars(30)), EMA(0.9), KeepBest(), Quiet())...)
	return m, err
}

// Training goes on from the last epoch's checkpoint to the same weights, bit for bit, whenever its process is killed: before the first
// checkpoint, in the middle of an epoch, in the middle of writing a checkpoint.
func TestAKilledTrainingGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.safetensors")
	straight, err := longTraining()
	if err != nil {
		t.Fatal(err)
	}
	for _, death := range []struct {
		step   int
		epochs string // that the checkpoint has behind it
	}{{2, ""}, {6, "1"}} {
		startProcess(t, path, death.step).killWhen(func(p *process) bool { return strings.Contains(p.out.String(), waits) })
		if got := epochsBehind(t, path); got != death.epochs {
			t.Fatalf("killed in step %d: the checkpoint has %q epochs behind it, want %q", death.step, got, death.epochs)
		}
	}
	killWhileWriting(t, path)
	if got := epochsBehind(t, path); got != "1" {
		t.Fatalf("killed while it writes: the checkpoint has %q epochs behind it", got)
	}
	resumed, err := longTraining(Checkpoint(path), Resume())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(weights(straight), weights(resumed)) {
		t.Error("going on gives other weights")
	}
	if left := filesIn(t, filepath.Dir(path)); !slices.Equal(left, []string{filepath.Base(path)}) {
		t.Errorf("%q lie there in the end, want the checkpoint alone", left)
	}
}

// filesIn lists the names of the files in a directory.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Writers of one path at the same time wait for each other: whichever is the last, the file is one of theirs, and nothing lies beside it.
func TestWritersOfOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			content := bytes.Repeat([]byte{byte(i)}, 1<<16)
			for range 10 {
				err := replaceFile(path, func(w io.Writer) error { _, err := w.Write(content); return err })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) != 1<<16 || bytes.Count(raw, raw[:1]) != len(raw) {
		t.Errorf("%d bytes, of which %d are the first one's (%v)", len(raw), bytes.Count(raw, raw[:1]), err)
	}
	if left := filesIn(t, dir); len(left) != 1 {
		t.Errorf("%q lie there", left)
	}
}

// killWhileWriting kills a process that goes on, while a new checkpoint lies beside the old one; it tries until it meets that moment.
func killWhileWriting(t *testing.T, path string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unfinished := func() bool {
		names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"*"))
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Size() > 0 {
				return true
			}
		}
		return false
	}
	for range 50 {
		startProcess(t, path, -1).killWhen(func(*process) bool { return unfinished() })
		if unfinished() && epochsBehind(t, path) == "1" {
			return
		}
		if err := os.WriteFile(path, old, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("the process was never killed while it wrote")
}

// process trains.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	out syncBuffer
}

func startProcess(t *testing.T, path string, lastStep int) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(self, "-test.run=^TestProcessThatIsKilled$", "-test.v")}
	p.cmd.Env = append(os.Environ(), checkpointOfProcess+"="+path, lastStepOfProcess+"="+strconv.Itoa(lastStep))
	p.cmd.Stdout = &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// killWhen kills the process at a moment, or lets it end.
func (p *process) killWhen(now func(*process) bool) {
	p.t.Helper()
	exited := make(chan struct{})
	go func() { p.cmd.Wait(); close(exited) }()
	for end := time.Now().Add(time.Minute); !now(p); time.Sleep(50 * time.Microsecond) {
		select {
		case <-exited:
			return
		default:
		}
		if time.Now().After(end) {
			p.t.Errorf("the process hangs: %s", p.out.String())
			break
		}
	}
	p.cmd.Process.Kill()
	<-exited
}

const waits = "waits to be killed"

// epochsBehind reads from a checkpoint how many epochs it has behind it, "" if there is none.
func epochsBehind(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return ""
	}
	_, rest, found := bytes.Cut(raw, []byte(`"epoch":"`))
	if err != nil || !found {
		t.Fatalf("the checkpoint is broken: %v", err)
	}
	epochs, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(epochs)
}

// TestProcessThatIsKilled is the process that TestAKilledTrainingGoesOn starts.
func TestProcessThatIsKilled(t *testing.T) {
	path := os.Getenv(checkpointOfProcess)
	if path == "" {
		t.Skip("only as a process of TestAKilledTrainingGoesOn")
	}
	longTraining(Checkpoint(path), Resume(), OnStep(func(s StepStats) {
		if strconv.Itoa(s.Step) == os.Getenv(lastStepOfProcess) {
			os.Stdout.WriteString(waits + "\n")
			time.Sleep(time.Hour)
		}
	}))
}

// syncBuffer is text that one goroutine writes and others read.
type syncBuffer struct {
	sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.Lock()
	defer b.Unlock()
	return b.text.String()
}
