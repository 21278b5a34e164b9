package jupyter

import (
	"context"
	"encoding/json"
	"runtime"
	"strings"
)

type kernelInfo struct {
	Status                string       `json:"status"`
	ProtocolVersion       string       `json:"protocol_version"`
	Implementation        string       `json:"implementation"`
	ImplementationVersion string       `json:"implementation_version"`
	Language              languageInfo `json:"language_info"`
	Banner                string       `json:"banner"`
	Features              []string     `json:"supported_features"`
	HelpLinks             []helpLink   `json:"help_links"`
}

// languageInfo is copied into every notebook: nothing in it may be empty.
type languageInfo struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	MediaType  string `json:"mimetype"`
	Extension  string `json:"file_extension"`
	Pygments   string `json:"pygments_lexer"`
	CodeMirror string `json:"codemirror_mode"`
}

type helpLink struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

func (k *kernel) info(context.Context, *request) (any, error) {
	version := strings.TrimPrefix(runtime.Version(), "go")
	implementation := k.opts.Version
	if implementation == "" {
		implementation = "0"
	}
	return kernelInfo{
		Status: "ok", ProtocolVersion: protocolVersion, Implementation: "groupnb", ImplementationVersion: implementation,
		Language: languageInfo{"go", version, "text/x-go", ".go", "go", "go"},
		Banner:   "groupnb " + implementation + ": Go " + version + " in cells. %help lists the commands.",
		Features: []string{},
		HelpLinks: []helpLink{
			{"Go standard library", "https://pkg.go.dev/std"},
			{"Go specification", "https://go.dev/ref/spec"},
			{"Gonum", "https://pkg.go.dev/gonum.org/v1/gonum"},
		},
	}, nil
}

// connect answers the deprecated question for the ports.
func (k *kernel) connect(context.Context, *request) (any, error) {
	return struct {
		Status    string `json:"status"`
		Shell     int    `json:"shell_port"`
		IOPub     int    `json:"iopub_port"`
		Stdin     int    `json:"stdin_port"`
		Control   int    `json:"control_port"`
		Heartbeat int    `json:"hb_port"`
	}{"ok", k.conn.Shell, k.conn.IOPub, k.conn.Stdin, k.conn.Control, k.conn.Heartbeat}, nil
}

func (k *kernel) interruptRequest(context.Context, *request) (any, error) {
	k.interrupt()
	return okContent{"ok"}, nil
}

type shutdownContent struct {
	Status  string `json:"status"`
	Restart bool   `json:"restart"`
}

// shutdown only answers, to all clients: handle stops the kernel afterwards.
func (k *kernel) shutdown(_ context.Context, r *request) (any, error) {
	content := shutdownContent{Status: "ok"}
	if err := r.parse(&content); err != nil {
		k.log.once("%v", err) // a kernel that is told to go goes
	}
	content.Status = "ok"
	k.publish("shutdown_reply", r.raw, nil, content)
	return content, nil
}

// debug declines a request of the debug adapter protocol in that protocol's own way.
func (k *kernel) debug(_ context.Context, r *request) (any, error) {
	var q struct {
		Seq     json.Number `json:"seq"`
		Command string      `json:"command"`
	}
	if err := r.parse(&q); err != nil {
		return nil, err
	}
	return map[string]any{
		"type": "response", "seq": 1, "request_seq": q.Seq, "command": q.Command, "success": false,
		"message": "this kernel has no debugger",
	}, nil
}
