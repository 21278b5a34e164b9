package zmtp

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
)

// listen binds an endpoint such as tcp://127.0.0.1:0 or ipc:///run/user/1000/kernel-1. An ipc socket is accessible to
// its owner only; one left behind by a process that is gone is replaced.
func listen(endpoint string) (net.Listener, error) {
	scheme, addr, ok := strings.Cut(endpoint, "://")
	if ok && scheme == "tcp" {
		return net.Listen("tcp", addr)
	}
	if !ok || scheme != "ipc" {
		return nil, fmt.Errorf("endpoint %q is neither tcp:// nor ipc://", endpoint)
	}
	if err := removeStale(addr); err != nil {
		return nil, err
	}
	ln, err := net.Listen("unix", addr)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(addr, 0o600); err != nil {
		ln.Close()
		return nil, err
	}
	return ln, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return nil
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return fmt.Errorf("%s is in use by another process", path)
	}
	return os.Remove(path)
}
