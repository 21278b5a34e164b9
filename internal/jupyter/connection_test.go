package jupyter

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/repl"
)

func TestConnectionFile(t *testing.T) {
	for _, test := range []struct {
		name, content string
		mode          os.FileMode
		remote        bool
		err, warning  string
	}{
		{"as Jupyter writes it", `{"ip": "127.0.0.1", "transport": "tcp", "key": "k", "signature_scheme": "hmac-sha256", "kernel_name": "x"}`, 0o600, false, "", ""},
		{"IPv6", `{"ip": "::1", "key": "k"}`, 0o600, false, "", ""},
		{"every address", `{"ip": "0.0.0.0", "key": "k"}`, 0o600, false, "other machines", ""},
		{"a name", `{"ip": "example.org", "key": "k"}`, 0o600, false, "other machines", ""},
		{"every address, allowed", `{"ip": "0.0.0.0", "key": "k"}`, 0o600, true, "", ""},
		{"no key", `{}`, 0o600, false, "", "holds no key"},
		{"readable key", `{"key": "k"}`, 0o644, false, "", "mode 644"},
		{"another hash", `{"key": "k", "signature_scheme": "hmac-md5"}`, 0o600, false, "hmac-md5", ""},
		{"another transport", `{"transport": "udp"}`, 0o600, false, "udp", ""},
		{"no JSON", `{`, 0o600, false, "unexpected end", ""},
		{"a port that is no number", `{"shell_port": "x"}`, 0o600, false, "shell_port", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kernel.json")
			os.WriteFile(path, []byte(test.content), test.mode)
			var warnings lines
			_, err := readConnection(path, test.remote, warnings.add)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if n := len(warnings.all); n > 0 != (test.warning != "") || warnings.count(test.warning) != n {
				t.Errorf("warnings %q, want %q", warnings.all, test.warning)
			}
		})
	}
}

func TestServeNamesThePortItCannotHave(t *testing.T) {
	conn := freeConnection(t)
	conn.Control = conn.Shell
	path := filepath.Join(t.TempDir(), "kernel.json")
	os.WriteFile(path, marshal(conn), 0o600)
	start := func(context.Context, func(string, repl.Event)) (Session, error) { return newFakeSession(), nil }
	if err := Serve(context.Background(), path, start, Options{}); err == nil || !strings.Contains(err.Error(), "control socket") {
		t.Errorf("error %v", err)
	}
	if err := Serve(context.Background(), path+"x", start, Options{}); err == nil || !strings.Contains(err.Error(), "connection file") {
		t.Errorf("error %v", err)
	}
}
