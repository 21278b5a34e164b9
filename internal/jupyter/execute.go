package jupyter

import (
	"context"
	"fmt"
	"strings"

	"github.com/groupnb/groupnb/internal/magic"
	"github.com/groupnb/groupnb/repl"
	"github.com/groupnb/groupnb/repl/display"
)

type executeRequest struct {
	Code            string            `json:"code"`
	Silent          bool              `json:"silent"`
	StoreHistory    *bool             `json:"store_history"`
	UserExpressions map[string]string `json:"user_expressions"`
	AllowStdin      bool              `json:"allow_stdin"`
	StopOnError     *bool             `json:"stop_on_error"`
}

// stores reports whether the cell counts and enters the history.
func (q executeRequest) stores() bool {
	return !q.Silent && (q.StoreHistory == nil || *q.StoreHistory) && strings.TrimSpace(q.Code) != ""
}

type executeReply struct {
	Status      string         `json:"status"`
	Count       int            `json:"execution_count"`
	Payload     []any          `json:"payload"`
	Expressions map[string]any `json:"user_expressions"`
}

type executeInput struct {
	Code  string `json:"code"`
	Count int    `json:"execution_count"`
}

// An execution is one cell on its way.
type execution struct {
	k       *kernel
	request *request
	executeRequest
	count   int // the cell's number, or the next one's if it doesn't count
	output  *output
	payload []any
}

func (k *kernel) execute(ctx context.Context, r *request) (any, error) {
	x := &execution{k: k, request: r, payload: []any{}}
	if err := r.parse(&x.executeRequest); err != nil {
		return nil, err
	}
	if k.queue.aborted(r) {
		return executeReply{"aborted", k.count, x.payload, map[string]any{}}, nil
	}
	x.count = k.count + 1
	if x.stores() {
		k.count++
	}
	if !x.Silent {
		k.post("execute_input", r.raw, nil, executeInput{x.Code, x.count})
	}
	k.courier.soon()
	x.output = newOutput(k, r.raw)
	k.outputs.add(x.name(), x.output)
	value, err := x.run(ctx)
	if err != nil {
		return x.failed(ctx, err), nil
	}
	if value != nil && !x.Silent {
		k.post("execute_result", r.raw, nil, resultContent(*value, x.count)) // idle follows
	}
	if x.stores() {
		k.history.add(k.count, x.Code, textOf(value))
	}
	return executeReply{"ok", k.count, x.payload, x.expressions(ctx)}, nil
}

func textOf(b *display.Bundle) string {
	if b == nil {
		return ""
	}
	return b.Text()
}

// run executes the cell and sends its output.
func (x *execution) run(ctx context.Context) (*display.Bundle, error) {
	defer x.output.flush()
	if strings.TrimSpace(x.Code) == "" {
		return nil, nil
	}
	if x.page(ctx) {
		return nil, nil
	}
	return x.execute(ctx, x.Code, x.Silent)
}

// page shows documentation in the front end's pager, if that is what the cell asks for.
func (x *execution) page(ctx context.Context) bool {
	topic, ok := magic.HelpTopic(x.Code)
	if !ok {
		return false
	}
	session, err := x.k.session.get(ctx)
	if err != nil {
		return false
	}
	doc, ok := session.Inspect(topic, len(topic), 0)
	if ok {
		x.payload = append(x.payload, pagePayload{"page", contentOf(describe(doc)).Data, 0})
	}
	return ok
}

type pagePayload struct {
	Source string         `json:"source"`
	Data   map[string]any `json:"data"`
	Start  int            `json:"start"`
}

// execute runs source as a cell that can be interrupted.
func (x *execution) execute(ctx context.Context, source string, silent bool) (*display.Bundle, error) {
	ctx, done := x.k.interruptible(ctx)
	defer done()
	session, err := x.k.session.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the session: %w", err)
	}
	c := repl.Cell{Source: source, Name: x.name(), Silent: silent}
	ended := make(chan struct{})
	defer close(ended)
	if x.AllowStdin {
		c.Stdin = x.asker(ctx, ended)
	}
	result, err := session.Execute(ctx, c, x.output.emit)
	return result.Value, err
}

// name is the cell's name in positions.
func (x *execution) name() string {
	if x.Silent {
		return "silent"
	}
	return fmt.Sprintf("In[%d]", x.count)
}

// asker asks the client for input; a question belongs after what was printed before it. A cell that is interrupted
// while it waits gets no answer, which could look like the end of the input and let the cell go on.
func (x *execution) asker(ctx context.Context, ended <-chan struct{}) func(string, bool) (string, error) {
	return func(prompt string, password bool) (string, error) {
		x.output.flush()
		answer, err := x.k.stdin.ask(ctx, x.k, x.request, prompt, password)
		if ctx.Err() != nil {
			<-ended
		}
		return answer, err
	}
}

// failed publishes err and, unless the client wants to go on, stops the queue.
func (x *execution) failed(ctx context.Context, err error) any {
	content := x.k.errorOf(err)
	if !x.Silent {
		x.k.publish("error", x.request.raw, nil, content)
	}
	if x.stores() {
		x.k.history.add(x.k.count, x.Code, "")
	}
	if x.StopOnError == nil || *x.StopOnError {
		x.k.queue.stop(ctx)
	}
	content.Status, content.Count = "error", &x.k.count
	return content
}

// expressions evaluates what the client wants to know after the cell.
func (x *execution) expressions(ctx context.Context) map[string]any {
	values := map[string]any{}
	for name, source := range x.UserExpressions {
		value, err := x.execute(ctx, source, true)
		x.output.flush()
		switch {
		case err != nil:
			content := x.k.errorOf(err)
			content.Status = "error"
			values[name] = content
		case value == nil:
			values[name] = expressionValue{"ok", dataContent{Data: map[string]any{}, Metadata: noMetadata}}
		default:
			values[name] = expressionValue{"ok", contentOf(*value)}
		}
	}
	return values
}

type expressionValue struct {
	Status string `json:"status"`
	dataContent
}
