package jupyter

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
)

// A Connection is what a connection file says: where the kernel shall listen and how messages are signed.
type Connection struct {
	Transport string `json:"transport"`
	IP        string `json:"ip"`
	Shell     int    `json:"shell_port"`
	IOPub     int    `json:"iopub_port"`
	Stdin     int    `json:"stdin_port"`
	Control   int    `json:"control_port"`
	Heartbeat int    `json:"hb_port"`
	Scheme    string `json:"signature_scheme"`
	Key       string `json:"key"`
}

// readConnection reads and checks a connection file. warn hears of what is unwise but allowed.
func readConnection(path string, allowRemote bool, warn func(format string, args ...any)) (Connection, error) {
	c := Connection{Transport: "tcp", IP: "127.0.0.1", Scheme: "hmac-sha256"}
	b, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read connection file: %w", err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("read connection file %s: %w", path, err)
	}
	if err := c.check(allowRemote); err != nil {
		return c, fmt.Errorf("connection file %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 && c.Key != "" {
		warn("connection file %s holds a key and is accessible to others (mode %o, should be 600)", path, info.Mode().Perm())
	}
	if c.Key == "" {
		warn("connection file %s holds no key: every process that can connect can run code", path)
	}
	return c, nil
}

func (c Connection) check(allowRemote bool) error {
	if c.Scheme != "hmac-sha256" && c.Key != "" {
		return fmt.Errorf("signature_scheme is %q, only hmac-sha256 is known", c.Scheme)
	}
	switch c.Transport {
	case "ipc":
		return nil
	case "tcp":
		if allowRemote || isLoopback(c.IP) {
			return nil
		}
		return fmt.Errorf("ip is %s, which other machines can reach; a kernel runs what it is sent, so this must be allowed expressly", c.IP)
	}
	return fmt.Errorf("transport is %q, only tcp and ipc are known", c.Transport)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// endpoint is where the socket of a port listens. For ipc, ip is the start of a file name.
func (c Connection) endpoint(port int) string {
	if c.Transport == "ipc" {
		return fmt.Sprintf("ipc://%s-%d", c.IP, port)
	}
	return "tcp://" + net.JoinHostPort(c.IP, strconv.Itoa(port))
}
