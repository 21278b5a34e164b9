package data

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/groupnb/groupnb/repl/display"
)

// fashionURL is the publisher's own repository.
const fashionURL = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"

// How long a download may take to answer, and to finish each file.
const (
	answerTimeout = 4 * time.Second
	fileTimeout   = 10 * time.Minute
)

// downloadLimit is the most bytes that a file may have, and largeDownload how many show a progress bar.
const (
	downloadLimit = 64 << 20
	largeDownload = 1 << 20
)

var client = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: answerTimeout}).DialContext,
	TLSHandshakeTimeout:   answerTimeout,
	ResponseHeaderTimeout: answerTimeout,
}}

// download gets a file from the publisher. Interrupting the notebook cell stops it.
func download(name string) ([]byte, error) { return get(display.Context(), fashionURL+name+".gz") }

func get(ctx context.Context, url string) ([]byte, error) {
	return getLimited(ctx, url, downloadLimit)
}

func getLimited(ctx context.Context, url string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fileTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", url, res.Status)
	}
	body := atMost(res.Body, limit)
	if n := res.ContentLength; n >= largeDownload {
		b := display.Progress("downloading "+path.Base(url)+", kB", int(n>>10))
		defer b.Done()
		body = &watched{Reader: body, bar: b}
	}
	return io.ReadAll(body)
}

// watched moves a bar as bytes arrive.
type watched struct {
	io.Reader
	bar  *display.Bar
	seen int64
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.seen += int64(n)
	w.bar.Set(int(w.seen>>10), "")
	return n, err
}

// downloadAll fetches all parts, smallest first so that a missing network shows at once, and keeps them in the cache.
func (f *finder) downloadAll() (got [4]*idx, err error) {
	var raw [4][]byte
	for _, i := range []int{3, 1, 2, 0} {
		p := fashionParts[i]
		if raw[i], err = f.fetch(p.name); err != nil {
			return got, fmt.Errorf("download: %w", err)
		}
		if got[i], err = p.parse(raw[i]); err != nil {
			return got, fmt.Errorf("download %s: %w", p.name, err)
		}
	}
	for i, p := range fashionParts {
		if err := keep(filepath.Join(f.cache, p.name+".gz"), raw[i]); err != nil {
			return got, nil // a cache that can't be written to is no reason to do without the data
		}
	}
	return got, nil
}

// keep writes a file so that it is there whole or not at all.
func keep(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "part")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
