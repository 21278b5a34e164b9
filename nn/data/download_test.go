package data

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/groupnb/groupnb/repl/display"
)

// recorder is a host that keeps the texts it is shown.
type recorder struct {
	mu    sync.Mutex
	texts []string
}

func (r *recorder) Display(b display.Bundle, _ string, _ bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = append(r.texts, b.Text())
}

func (*recorder) Clear(bool)               {}
func (*recorder) Context() context.Context { return context.Background() }

func TestLargeDownloadsShowHowFarTheyAre(t *testing.T) {
	sizes := map[string]int{"/small.gz": largeDownload - 1, "/large.gz": 2 * largeDownload}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat("x", sizes[r.URL.Path])))
	}))
	defer server.Close()
	for path, want := range map[string]string{"/small.gz": "", "/large.gz": "2048/2048"} {
		r := &recorder{}
		restore := display.SetHost(r)
		raw, err := get(context.Background(), server.URL+path)
		restore()
		if err != nil || len(raw) != sizes[path] {
			t.Errorf("%s: %d bytes, %v", path, len(raw), err)
		}
		last := ""
		if len(r.texts) > 0 {
			last = r.texts[len(r.texts)-1]
		}
		if want == "" && last != "" || !strings.Contains(last, want) || want != "" && !strings.HasPrefix(last, "downloading large.gz, kB") {
			t.Errorf("%s: the last thing shown is %q, want %q in it", path, last, want)
		}
	}
	if _, err := getLimited(context.Background(), server.URL+"/large.gz", 100); err == nil || !strings.Contains(err.Error(), "more than 100 bytes") {
		t.Errorf("beyond the limit: %v", err)
	}
}
