package jupyter

import (
	"fmt"
	"strings"
	"testing"
)

func TestExecute(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	for _, test := range []struct {
		name, code, fields string
		reply              string // fields of the reply: status and execution_count
		outputs            string
	}{
		{"streams keep their order", "out a\nout b\nerr c\nout d", "",
			`"ok" 1`, `execute_input{"code":"out a\nout b\nerr c\nout d","execution_count":1}
stream{"name":"stdout","text":"a\nb\n"}
stream{"name":"stderr","text":"c\n"}
stream{"name":"stdout","text":"d\n"}`},
		{"result", "value 7", "",
			`"ok" 2`, `execute_input{"code":"value 7","execution_count":2}
execute_result{"data":{"text/plain":"7"},"metadata":{},"execution_count":2}`},
		{"display, update, clear", "show a\nupdate b\nclear", "",
			`"ok" 3`, `execute_input{"code":"show a\nupdate b\nclear","execution_count":3}
display_data{"data":{"application/json":{"a":1},"image/png":"cG5n","text/plain":"a"},"metadata":{"image/png":{"height":2,"width":3}},"transient":{"display_id":"id"}}
update_display_data{"data":{"text/plain":"b"},"metadata":{},"transient":{"display_id":"id"}}
clear_output{"wait":true}`},
		{"error", "out a\nfail boom", "",
			`"error" 4`, `execute_input{"code":"out a\nfail boom","execution_count":4}
stream{"name":"stdout","text":"a\n"}
error{"ename":"panic","evalue":"boom","traceback":["\u001b[31mpanic\u001b[0m: boom","In[1]:1:1: main"]}`},
		{"failing session", "break pipe", "",
			`"error" 5`, `execute_input{"code":"break pipe","execution_count":5}
error{"ename":"kernel error","evalue":"worker: pipe","traceback":["\u001b[31mkernel error\u001b[0m: worker: pipe"]}`},
		{"silent", "out a\nvalue 1", `"silent": true, "store_history": true`,
			`"ok" 5`, `stream{"name":"stdout","text":"a\n"}`},
		{"silent error", "fail x", `"silent": true`, `"error" 5`, ``},
		{"no history", "name", `"store_history": false`,
			`"ok" 5`, `execute_input{"code":"name","execution_count":6}
execute_result{"data":{"text/plain":"In[6]"},"metadata":{},"execution_count":6}`},
		{"blank cells don't count", " \n", "", `"ok" 5`, `execute_input{"code":" \n","execution_count":6}`},
		{"notice", "notice p dropped", "",
			`"ok" 6`, `execute_input{"code":"notice p dropped","execution_count":6}
stream{"name":"stderr","text":"p dropped\n"}`},
		{"code that is no text", "", `"code": 5`, `"error" `, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			var fields []string
			if test.fields != "" {
				fields = []string{test.fields}
			}
			reply, outputs := c.execute(test.code, fields...)
			if got := reply.field("status") + " " + reply.field("execution_count"); got != test.reply {
				t.Errorf("reply %s, want %s", got, test.reply)
			}
			if got := summary(joined(outputs)); got != test.outputs {
				t.Errorf("outputs\n%s\nwant\n%s", got, test.outputs)
			}
		})
	}
}

func TestParentHeaderIsACopy(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	h := `{"msg_id": "m1", "msg_type": "kernel_info_request", "subshell_id": "é", "x":  [1, 2]}`
	c.shellSend(signed(c.wire, h, "{}", "{}", "{}"))
	reply := c.recv(c.shell, "m1")
	if got := string(reply.rawParent); got != h {
		t.Errorf("parent_header %s, want %s", got, h)
	}
	for _, m := range c.outputs("m1") {
		t.Errorf("unexpected %v", m)
	}
}

func TestUserExpressions(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	reply, _ := c.execute("value 1", `"user_expressions": {"a": "value 7", "b": "fail x", "c": ""}`)
	want := `{"a":{"status":"ok","data":{"text/plain":"7"},"metadata":{}},` +
		`"b":{"status":"error","ename":"panic","evalue":"x","traceback":["\u001b[31mpanic\u001b[0m: x","In[1]:1:1: main"]},` +
		`"c":{"status":"ok","data":{},"metadata":{}}}`
	if got := reply.field("user_expressions"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAFailingCellStopsTheQueueUnlessToldOtherwise(t *testing.T) {
	for _, test := range []struct{ fields, want string }{
		{`"stop_on_error": true`, `"error" "aborted" "aborted" "ok"`},
		{`"stop_on_error": false`, `"error" "ok" "ok" "ok"`},
	} {
		c := startKernel(t, newFakeSession(), Options{})
		var ids []string
		for _, code := range []string{"ask when?\nfail x", "out a", "out b"} {
			ids = append(ids, c.send(c.shell, "execute_request", executeContent(code, test.fields, `"allow_stdin": true`)))
		}
		ids = append(ids, c.send(c.shell, "is_complete_request", `{"code": "x"}`)) // only cells are aborted
		c.recv(c.stdin, ids[0])
		c.arrived()
		c.send(c.stdin, "input_reply", `{"value": "now"}`)
		var got []string
		for i, id := range ids {
			status := c.recv(c.shell, id).field("status")
			if i == 3 && status == `"complete"` {
				status = `"ok"`
			}
			got = append(got, status)
			c.outputs(id)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s: %s, want %s", test.fields, s, test.want)
		}
		if reply, _ := c.execute("out after"); reply.field("status") != `"ok"` {
			t.Errorf("a cell sent after the reply: %v", reply)
		}
	}
}

func TestInterruptOnControlWhileACellRuns(t *testing.T) {
	s := newFakeSession()
	c := startKernel(t, s, Options{})
	first := c.send(c.shell, "execute_request", `{"code": "wait"}`)
	second := c.send(c.shell, "execute_request", `{"code": "out a"}`)
	<-s.started
	c.next() // busy
	c.next() // execute_input
	info := c.send(c.control, "kernel_info_request", `{}`)
	if m := c.recv(c.control, info); m.header.Type != "kernel_info_reply" {
		t.Errorf("control answers %v", m)
	}
	c.outputs(info)
	stop := c.send(c.control, "interrupt_request", `{}`)
	if m := c.recv(c.control, stop); m.String() != `interrupt_reply{"status":"ok"}` {
		t.Errorf("interrupt answered by %v", m)
	}
	if m := c.recv(c.shell, first); m.field("ename") != `"interrupted"` {
		t.Errorf("interrupted cell: %v", m)
	}
	if m := c.recv(c.shell, second); m.field("status") != `"aborted"` {
		t.Errorf("cell behind it: %v", m)
	}
}

func TestInput(t *testing.T) {
	s := newFakeSession()
	c := startKernel(t, s, Options{})
	t.Run("answered", func(t *testing.T) {
		id := c.send(c.shell, "execute_request", executeContent("out before\nask name?", `"allow_stdin": true`))
		m := c.recv(c.stdin, id)
		if m.String() != `input_request{"prompt":"name?","password":false}` {
			t.Errorf("question %v", m)
		}
		c.send(c.stdin, "input_reply", `{"value": "Ada"}`)
		c.recv(c.shell, id)
		want := `stream{"name":"stdout","text":"before\n"}` + "\n" + `stream{"name":"stdout","text":"Ada"}`
		if got := summary(c.outputs(id)[1:]); got != want {
			t.Errorf("outputs\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("end of file", func(t *testing.T) {
		id := c.send(c.shell, "execute_request", executeContent("ask name?", `"allow_stdin": true`))
		c.recv(c.stdin, id)
		c.send(c.stdin, "input_reply", `{"value": "\u0004"}`)
		if m := c.recv(c.shell, id); m.field("evalue") != `"EOF"` {
			t.Errorf("reply %v", m)
		}
		c.outputs(id)
	})
	t.Run("interrupted", func(t *testing.T) {
		id := c.send(c.shell, "execute_request", executeContent("ask name?", `"allow_stdin": true`))
		c.recv(c.stdin, id)
		c.recv(c.control, c.send(c.control, "interrupt_request", `{}`))
		if m := c.recv(c.shell, id); m.field("status") != `"error"` {
			t.Errorf("reply %v", m)
		}
		c.send(c.stdin, "input_reply", `{"value": "too late"}`)
		for m := c.next(); m.field("execution_state") != `"idle"` || m.parent.ID != id; m = c.next() {
		}
	})
	t.Run("not allowed", func(t *testing.T) {
		if m, _ := c.execute("ask name?"); m.field("evalue") != `"no input"` {
			t.Errorf("reply %v", m)
		}
	})
}

func TestAssistance(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	for _, test := range []struct{ request, content, want string }{
		{"complete_request", `{"code": "é😀 Pr", "cursor_pos": 5}`,
			`complete_reply{"status":"ok","matches":["Println"],"cursor_start":3,"cursor_end":5,"metadata":{"_jupyter_types_experimental":[{"start":3,"end":5,"text":"Println","type":"func","signature":"func(a ...any)"}]}}`},
		{"complete_request", `{"code": "Pr", "cursor_pos": 99}`,
			`complete_reply{"status":"ok","matches":["Println"],"cursor_start":0,"cursor_end":2,"metadata":{"_jupyter_types_experimental":[{"start":0,"end":2,"text":"Println","type":"func","signature":"func(a ...any)"}]}}`},
		{"inspect_request", `{"code": "😀f", "cursor_pos": 1, "detail_level": 0}`,
			`inspect_reply{"status":"ok","found":true,"data":{"text/markdown":"` + "```go\\nfunc f()\\n```" + `\n\nAt 4 of \"😀f\".","text/plain":"func f()\n\nAt 4 of \"😀f\"."},"metadata":{}}`},
		{"inspect_request", `{"code": "", "cursor_pos": -3}`, `inspect_reply{"status":"ok","found":false,"data":{},"metadata":{}}`},
		{"is_complete_request", `{"code": "for {"}`, `is_complete_reply{"status":"incomplete","indent":"\t"}`},
		{"is_complete_request", `{"code": "x"}`, `is_complete_reply{"status":"complete","indent":""}`},
		{"comm_info_request", `{}`, `comm_info_reply{"comms":{},"status":"ok"}`},
		{"interrupt_request", `{}`, `interrupt_reply{"status":"ok"}`},
		{"history_request", `{"hist_access_type": "never"}`,
			`history_reply{"status":"error","ename":"request","evalue":"hist_access_type \"never\" is none of tail, range, search","traceback":[]}`},
	} {
		if got, _ := c.ask(test.request, test.content); got.String() != test.want {
			t.Errorf("%s%s\ngot  %v\nwant %s", test.request, test.content, got, test.want)
		}
	}
}

func TestUnknownRequestsAreOnlyBusyAndIdle(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	id := c.send(c.shell, "usage_request", `{}`)
	if got := c.outputs(id); len(got) != 0 {
		t.Errorf("published %v", got)
	}
	id = c.send(c.shell, "comm_open", `{"comm_id": "x", "target_name": "nobody", "data": {}}`)
	if got := summary(c.outputs(id)); got != `comm_close{"comm_id":"x","data":{}}` {
		t.Errorf("published %v", got)
	}
	id = c.send(c.control, "debug_request", `{"seq": 3, "command": "initialize", "type": "request"}`)
	if m := c.recv(c.control, id); m.field("success") != "false" || m.field("request_seq") != "3" {
		t.Errorf("debugger: %v", m)
	}
}

func TestAPanicOfAHandlerIsAnError(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	if m, _ := c.execute("crash !"); m.field("status") != `"error"` {
		t.Errorf("reply %v", m)
	}
	if m, _ := c.execute("value 1"); m.field("status") != `"ok"` {
		t.Errorf("cell after it: %v", m)
	}
}

func TestManyLinesFewMessages(t *testing.T) {
	c := startKernel(t, newFakeSession(), Options{})
	_, outputs := c.execute("flood")
	var text strings.Builder
	for _, m := range outputs[1:] {
		var s streamContent
		m.parse(&s)
		text.WriteString(s.Text)
	}
	var want strings.Builder
	for i := range 100_000 {
		fmt.Fprintln(&want, i)
	}
	if text.String() != want.String() {
		t.Error("text was changed on its way")
	}
	if len(outputs) > 100 {
		t.Errorf("%d messages", len(outputs))
	}
}

func TestShutdown(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s := newFakeSession()
		c := startKernel(t, s, Options{})
		cell := c.send(c.shell, "execute_request", `{"code": "wait"}`)
		<-s.started
		id := c.send(c.control, "shutdown_request", fmt.Sprintf(`{"restart": %v}`, restart))
		want := fmt.Sprintf(`shutdown_reply{"status":"ok","restart":%v}`, restart)
		if m := c.recv(c.control, id); m.String() != want {
			t.Errorf("reply %v", m)
		}
		if m := c.recv(c.shell, cell); m.field("ename") != `"interrupted"` {
			t.Errorf("running cell: %v", m)
		}
		if err := <-c.ended; err != nil {
			t.Errorf("Serve returned %v", err)
		}
		c.ended <- nil
	}
}
