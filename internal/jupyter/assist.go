package jupyter

import (
	"context"
	"strings"

	"github.com/groupnb/groupnb/internal/magic"
	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

// A codeRequest asks about a place in a cell.
type codeRequest struct {
	Code   string `json:"code"`
	Cursor *int   `json:"cursor_pos"` // nil means the end
	Detail int    `json:"detail_level"`
}

func (q codeRequest) offset() int {
	if q.Cursor == nil {
		return len(q.Code)
	}
	return byteOffset(q.Code, *q.Cursor)
}

type completeReply struct {
	Status   string           `json:"status"`
	Matches  []string         `json:"matches"`
	Start    int              `json:"cursor_start"`
	End      int              `json:"cursor_end"`
	Metadata completeMetadata `json:"metadata"`
}

// completeMetadata follows a convention that JupyterLab and IPython share.
type completeMetadata struct {
	Types []typedMatch `json:"_jupyter_types_experimental"`
}

type typedMatch struct {
	Start     int    `json:"start"`
	End       int    `json:"end"`
	Text      string `json:"text"`
	Type      string `json:"type"`
	Signature string `json:"signature,omitempty"`
}

// question reads a request about code and finds the session that can answer it.
func (k *kernel) question(ctx context.Context, r *request) (q codeRequest, s *magic.Session, err error) {
	if err = r.parse(&q); err == nil {
		s, err = k.session.get(ctx)
	}
	return q, s, err
}

func (k *kernel) complete(ctx context.Context, r *request) (any, error) {
	q, s, err := k.question(ctx, r)
	if err != nil {
		return nil, err
	}
	c := s.Complete(q.Code, q.offset())
	reply := completeReply{
		Status: "ok", Matches: []string{}, Start: codePoints(q.Code, c.Start), End: codePoints(q.Code, c.End),
		Metadata: completeMetadata{[]typedMatch{}},
	}
	for _, item := range c.Items {
		reply.Matches = append(reply.Matches, item.Text)
		reply.Metadata.Types = append(reply.Metadata.Types, typedMatch{reply.Start, reply.End, item.Text, item.Kind, item.Type})
	}
	return reply, nil
}

type inspectReply struct {
	Status string `json:"status"`
	Found  bool   `json:"found"`
	dataContent
}

func (k *kernel) inspect(ctx context.Context, r *request) (any, error) {
	q, s, err := k.question(ctx, r)
	if err != nil {
		return nil, err
	}
	reply := inspectReply{"ok", false, dataContent{Data: map[string]any{}, Metadata: noMetadata}}
	if doc, found := s.Inspect(q.Code, q.offset(), q.Detail); found {
		reply.Found, reply.dataContent = true, contentOf(describe(doc))
	}
	return reply, nil
}

// describe shows a doc as plain text and as Markdown.
func describe(d repl.Doc) display.Bundle {
	code := d.Signature
	if d.Source != "" {
		code = d.Source
	}
	text := strings.TrimSpace(code + "\n\n" + d.Text)
	markdown := strings.TrimSpace("```go\n" + code + "\n```\n\n" + d.Text)
	return display.NewText(text).With(display.Markdown, []byte(markdown))
}

type isCompleteReply struct {
	Status string `json:"status"`
	Indent string `json:"indent"`
}

func (k *kernel) isComplete(ctx context.Context, r *request) (any, error) {
	q, s, err := k.question(ctx, r)
	if err != nil {
		return nil, err
	}
	status, indent := s.IsComplete(q.Code)
	return isCompleteReply{status, indent}, nil
}
