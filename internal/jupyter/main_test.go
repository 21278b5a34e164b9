package jupyter

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/groupnb/groupnb/repl"
)

// TestMain makes the test binary a worker, or with KERNEL_TEST set a kernel with a real session, or else runs the tests.
func TestMain(m *testing.M) {
	repl.Hook()
	if os.Getenv("KERNEL_TEST") != "" {
		kernelMain(os.Args[len(os.Args)-1])
		return
	}
	os.Exit(m.Run())
}

func kernelMain(connectionFile string) {
	start := func(ctx context.Context, late func(string, repl.Event)) (Session, error) {
		return repl.Start(ctx, repl.Options{Late: late, MaxOutput: 50 << 20})
	}
	log := func(format string, args ...any) { fmt.Fprintf(os.Stderr, "kernel: "+format+"\n", args...) }
	o := Options{Version: "test", History: os.Getenv("KERNEL_TEST_HISTORY"), Log: log}
	if err := Serve(context.Background(), connectionFile, start, o); err != nil {
		log("%v", err)
		os.Exit(1)
	}
}
