"""What a kernel must do with every request, in order and options. Run with GROUPNB=program python3 conformance.py."""

import os
import unittest

from kernel import Kernel, text, types


class Shared(unittest.TestCase):
    """Tests that share one kernel and client."""

    transport = "tcp"

    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel(transport=cls.transport)
        cls.client = cls.kernel.client()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.__exit__()


class Requests(Shared):
    def test_welcome(self):
        w = self.client.welcome
        self.assertEqual((w.type, w.parent, w.content, w.topic), ("iopub_welcome", {}, {"subscription": ""}, b""))
        another = self.kernel.client()
        self.assertEqual(another.welcome.type, "iopub_welcome", "each subscriber is welcomed")

    def test_every_request_has_a_reply_between_busy_and_idle(self):
        for kind, content in [
            ("kernel_info_request", {}),
            ("connect_request", {}),
            ("execute_request", {"code": "1", "silent": False}),
            ("complete_request", {"code": "", "cursor_pos": 0}),
            ("inspect_request", {"code": "", "cursor_pos": 0, "detail_level": 0}),
            ("is_complete_request", {"code": ""}),
            ("history_request", {"hist_access_type": "tail", "n": 1, "output": False, "raw": True}),
            ("comm_info_request", {}),
            ("interrupt_request", {}),
        ]:
            with self.subTest(kind):
                reply, _ = self.client.ask(kind, content)
                self.assertEqual(reply.type, kind.replace("_request", "_reply"))
                self.assertIn(reply.content["status"], ("ok", "complete"))
                self.assertNotEqual(reply.header["session"], self.client.session)
                self.assertRegex(reply.header["date"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
                self.assertEqual(reply.header["version"], "5.5")

    def test_control_answers_too(self):
        for kind in ("kernel_info_request", "interrupt_request"):
            reply, id = self.client.control_ask(kind)
            self.assertEqual(reply.content["status"], "ok")
            self.assertEqual(self.client.published(id), [])
        reply, _ = self.client.control_ask("debug_request", {"seq": 1, "type": "request", "command": "initialize"})
        self.assertFalse(reply.content["success"])

    def test_unknown_requests_are_only_busy_and_idle(self):
        for socket in (self.client.shell, self.client.control):
            id = self.client.send("no_such_request", {"a": 1}, socket)
            self.assertEqual(self.client.published(id), [])

    def test_topics_and_identities(self):
        id = self.client.begin("1")
        self.client.reply(id)
        topics = {m.topic for m in self.client.published(id)}
        session = self.client.welcome.header["session"].encode()
        self.assertEqual(topics, {b"kernel." + session + b"." + t for t in (b"execute_input", b"execute_result")})

    def test_parent_header_is_a_copy(self):
        frames, id = self.client.frames("kernel_info_request", {}, header={"subshell_id": None, "x": [1.5, "é"]})
        self.client.shell.send_multipart(frames)
        parent = self.client.reply(id).parent
        self.assertEqual(parent["x"], [1.5, "é"])
        self.assertIn("subshell_id", parent)

    def test_kernel_info(self):
        reply, _ = self.client.ask("kernel_info_request")
        info = reply.content["language_info"]
        self.assertEqual(reply.content["protocol_version"], "5.5")
        self.assertEqual(reply.content["supported_features"], [])
        self.assertEqual((info["name"], info["file_extension"], info["mimetype"]), ("go", ".go", "text/x-go"))
        self.assertNotIn("", info.values())

    def test_unknown_comm_is_closed(self):
        id = self.client.send("comm_open", {"comm_id": "c1", "target_name": "nobody", "data": {}})
        closing = self.client.published(id)
        self.assertEqual([(m.type, m.content["comm_id"]) for m in closing], [("comm_close", "c1")])
        id = self.client.send("comm_msg", {"comm_id": "c1", "data": {}})
        self.assertEqual(self.client.published(id), [])
        reply, _ = self.client.ask("comm_info_request", {"target_name": "nobody"})
        self.assertEqual(reply.content["comms"], {})


class RequestsOverIPC(Requests):
    transport = "ipc"


class Execution(Shared):
    def setUp(self):
        self.count = self.client.execute("0", store_history=False)[0]["execution_count"]

    def test_messages_of_a_cell(self):
        reply, published = self.client.execute('import "fmt"\nfmt.Print("a")\n40 + 2')
        self.assertEqual(types(published), ["execute_input", "stream", "execute_result"])
        self.assertEqual(published[0].content, {"code": 'import "fmt"\nfmt.Print("a")\n40 + 2', "execution_count": self.count + 1})
        self.assertEqual(published[1].content, {"name": "stdout", "text": "a"})
        self.assertEqual(published[2].content, {"execution_count": self.count + 1, "data": {"text/plain": "42"}, "metadata": {}})
        self.assertEqual(reply, {"status": "ok", "execution_count": self.count + 1, "payload": [], "user_expressions": {}})

    def test_silent(self):
        reply, published = self.client.execute('import "fmt"\nfmt.Print("a")\n1', silent=True, store_history=True)
        self.assertEqual(types(published), ["stream"])
        self.assertEqual(reply["execution_count"], self.count)
        self.assertEqual(self.client.execute("undefined_name", silent=True)[0]["status"], "error")

    def test_store_history(self):
        reply, published = self.client.execute("1", store_history=False)
        self.assertEqual(types(published), ["execute_input", "execute_result"])
        self.assertEqual(reply["execution_count"], self.count)
        self.assertEqual(self.client.execute("1")[0]["execution_count"], self.count + 1)

    def test_error(self):
        for code, name, line in [("x :=", "compile error", 1), ("\n\nundefined_name", "compile error", 3),
                                 ('\npanic("boom")', "panic", 2), ("var s []int\ns[5]", "panic", r"\d")]:
            with self.subTest(code):
                reply, published = self.client.execute(code)
                errors = [m.content for m in published if m.type == "error"]
                self.assertEqual(len(errors), 1, published)
                for key in ("ename", "evalue", "traceback"):
                    self.assertEqual(errors[0][key], reply[key])
                self.assertEqual((reply["status"], reply["ename"]), ("error", name))
                self.assertRegex("\n".join(reply["traceback"]), rf"In\[\d+\]:{line}:")
                self.assertIn("execution_count", reply)

    def test_user_expressions(self):
        reply, _ = self.client.execute("seven := 7", user_expressions={"a": "seven * 6", "b": "nothing_there", "c": ""})
        values = reply["user_expressions"]
        self.assertEqual(values["a"], {"status": "ok", "data": {"text/plain": "42"}, "metadata": {}})
        self.assertEqual((values["b"]["status"], values["b"]["ename"]), ("error", "compile error"))
        self.assertEqual(values["c"]["status"], "ok")
        self.assertEqual(reply["execution_count"], self.count + 1, "expressions don't count")

    def test_stop_on_error(self):
        for stop, want in ((True, ["error", "aborted", "aborted"]), (False, ["error", "ok", "ok"])):
            with Kernel() as k:
                c = k.client()
                failing = 'import "fmt"\nvar word string\nfmt.Scan(&word)\npanic(word)'
                ids = [c.begin(cell, stop_on_error=stop, allow_stdin=True) for cell in (failing, "1", "2")]
                c.reply(ids[0], c.stdin)
                c.arrived()
                c.send("input_reply", {"value": "fail"}, c.stdin)
                replies = [c.reply(id).content for id in ids]
                self.assertEqual([r["status"] for r in replies], want)
                for r in replies:
                    self.assertIn("execution_count", r)
                c.published(ids[-1])
                self.assertEqual(c.value("1 + 1"), "2")

    def test_input(self):
        id = self.client.begin('import "fmt"\nvar name string\nfmt.Print("name? ")\nfmt.Scan(&name)\nfmt.Println("hello", name)',
                               allow_stdin=True)
        question = self.client.reply(id, self.client.stdin)
        self.assertEqual(question.type, "input_request")
        self.assertFalse(question.content["password"])
        self.client.send("input_reply", {"value": "Ada"}, self.client.stdin)
        self.assertEqual(self.client.reply(id).content["status"], "ok")
        self.assertIn("hello Ada", text(self.client.published(id)))

    def test_input_that_is_not_allowed(self):
        reply, published = self.client.execute('import "fmt"\nvar n int\n_, err := fmt.Scan(&n)\nfmt.Print(err)')
        self.assertEqual(reply["status"], "ok")
        self.assertEqual(text(published), "EOF")
        self.assertFalse(self.client.stdin.poll(0))

    def test_input_interrupted(self):
        id = self.client.begin('import "fmt"\nvar n int\nfmt.Scan(&n)', allow_stdin=True)
        self.client.reply(id, self.client.stdin)
        self.client.interrupt()
        self.assertEqual(self.client.reply(id).content["ename"], "interrupted")
        self.client.published(id)
        self.client.send("input_reply", {"value": "5"}, self.client.stdin)
        self.assertEqual(self.client.value("1 + 1"), "2")

    def test_display(self):
        self.client.execute('import (\n"github.com/groupnb/groupnb/repl/display"\n"image"\n)')
        first = self.client.execute('display.ShowAs("d", "one")')[1][-1]  # in a cell of its own: quick updates are merged
        reply, published = self.client.execute(
            'display.Update("d", "two")\ndisplay.Clear(true)\ndisplay.Show(image.NewGray(image.Rect(0, 0, 3, 2)))')
        self.assertEqual(types([first] + published[1:]), ["display_data", "update_display_data", "clear_output", "display_data"])
        second, clear, picture = published[1:]
        self.assertEqual(first.content["transient"], second.content["transient"])
        self.assertTrue(first.content["transient"]["display_id"])
        self.assertEqual(second.content["data"]["text/plain"], "two")
        self.assertEqual(clear.content, {"wait": True})
        self.assertTrue(picture.content["data"]["image/png"].startswith("iVBOR"))
        self.assertEqual(picture.content["metadata"]["image/png"], {"width": 3, "height": 2})

    def test_rich_result(self):
        self.client.execute('type page struct{}\nfunc (page) HTML() string { return "<b>x</b>" }\nfunc (page) String() string { return "x" }')
        _, published = self.client.execute("page{}")
        self.assertEqual(published[-1].content["data"], {"text/html": "<b>x</b>", "text/plain": "x"})

    def test_values_of_libraries(self):
        self.client.execute('import (\n"gonum.org/v1/gonum/mat"\n"gonum.org/v1/plot"\n"github.com/groupnb/groupnb/nn"\n)')
        for code, kinds, shown in [
            ("mat.NewDense(2, 2, []float64{1, 2, 3, 40})", {"text/plain"}, "2x2\n  1   2\n  3  40"),
            ("nn.NewTensor(2, 3)", {"text/plain"}, "2"),
            ("plot.New()", {"text/plain", "image/png"}, ""),
        ]:
            with self.subTest(code):
                reply, published = self.client.execute(code)
                self.assertEqual(reply["status"], "ok", reply)
                data = published[-1].content["data"]
                self.assertLessEqual(kinds, set(data))
                self.assertIn(shown, data["text/plain"])

    def test_everything_lies_between_busy_and_idle(self):
        """Also across requests: no message of one is published within another's busy and idle."""
        codes = ['import "fmt"\nfmt.Println(1)\n2', "undefined_name", 'fmt.Print("x")', "3"]
        ids = [self.client.begin(c, stop_on_error=False) for c in codes]
        for id in ids:
            self.client.reply(id)
        seen = []
        while len(seen) < len(ids) or seen[-1][1][-1] != "idle":
            m = self.client.receive(self.client.iopub)
            parent, what = m.parent["msg_id"], m.content.get("execution_state", m.type)
            if parent not in ids:
                continue
            if not seen or seen[-1][0] != parent:
                seen.append((parent, []))
            seen[-1][1].append(what)
        self.assertEqual([id for id, _ in seen], ids)
        self.assertEqual([whats for _, whats in seen], [
            ["busy", "execute_input", "stream", "execute_result", "idle"],
            ["busy", "execute_input", "error", "idle"],
            ["busy", "execute_input", "stream", "idle"],
            ["busy", "execute_input", "execute_result", "idle"]])

    def test_a_slow_cell_is_seen_to_begin(self):
        id = self.client.begin('import "time"\ntime.Sleep(time.Hour)')
        for want in ("busy", "execute_input"):
            m = self.client.receive(self.client.iopub)
            self.assertEqual((m.parent["msg_id"], m.content.get("execution_state", m.type)), (id, want))
        self.client.interrupt()
        self.client.reply(id)
        while m.content.get("execution_state") != "idle" or m.parent["msg_id"] != id:
            m = self.client.receive(self.client.iopub)

    def test_output_of_every_origin(self):
        _, published = self.client.execute(
            'import (\n"fmt"\n"os"\n"os/exec"\n"syscall"\n)\nfmt.Println("fmt")\nfmt.Fprintln(os.Stderr, "stderr")\n'
            'println("builtin")\nsyscall.Write(1, []byte("fd\\n"))\nc := exec.Command("echo", "child")\nc.Stdout = os.Stdout\nc.Run()')
        self.assertEqual(sorted(text(published).split()), ["child", "fd", "fmt"])
        self.assertEqual(sorted(text(published, "stderr").split()), ["builtin", "stderr"])

    def test_output_is_intact(self):
        _, published = self.client.execute('import ("fmt"; "strings")\nfmt.Print(strings.Repeat("aé😀", 200000))')
        self.assertEqual(text(published), "aé😀" * 200000)

    def test_late_output_keeps_its_cell(self):
        id = self.client.begin('import "fmt"\nask := make(chan int)\ngo func() { <-ask; fmt.Print("late") }()')
        self.client.reply(id)
        self.client.published(id)
        other = self.client.begin("ask <- 1")
        self.assertEqual(self.client.running(id).content["text"], "late")
        self.client.reply(other)
        self.assertEqual(types(self.client.published(other)), ["execute_input"])

    def test_commands(self):
        file = os.path.join(self.kernel.dir.name, "written")
        for code, want in [
            ("!echo $((6 * 7))", "42"), ("%cd /\n!pwd", "/"), ("%env GNB_TEST=5\n!echo $GNB_TEST", "5"), ("%env GNB_TEST", "5"),
            ("%help", "%%writefile"), (f"%%writefile {file}\nx := 1", "wrote"), (f"!cat {file}", "x := 1"),
            ("%vars", "seven"), ("%time 1 + 1", "wall time"),
        ]:
            with self.subTest(code):
                self.client.execute("seven := 7")
                reply, published = self.client.execute(code)
                self.assertEqual(reply["status"], "ok", reply)
                self.assertIn(want, text(published))
        reply, _ = self.client.execute("%nonsense")
        self.assertRegex(reply["evalue"], r"unknown command %nonsense.*%cd.*%help.*%vars")
        reply, _ = self.client.execute("!exit 3")
        self.assertIn("exit status 3", reply["evalue"])
        self.client.execute("%reset")
        self.assertEqual(self.client.execute("seven")[0]["status"], "error")

    def test_command_interrupted(self):
        id = self.client.begin("!echo begun; sleep 60; echo not reached")
        self.client.running(id)
        self.client.interrupt()
        self.assertEqual(self.client.reply(id).content["status"], "error")
        self.client.published(id)
        self.assertEqual(self.client.value("1 + 1"), "2")


class Comms(Shared):
    def setUp(self):
        self.client.execute('import ("encoding/json"; "fmt"; "github.com/groupnb/groupnb/repl/comm"; "github.com/groupnb/groupnb/repl/widgets")')

    def test_from_a_cell(self):
        reply, published = self.client.execute('c, err := comm.Open("mine", map[string]int{"a": 1})\nc.Send(map[string]int{"b": 2})\nerr')
        self.assertEqual(reply["status"], "ok", reply)
        opened, sent = (m.content for m in published if m.type.startswith("comm_"))
        self.assertEqual((opened["target_name"], opened["data"], sent["data"]), ("mine", {"a": 1}, {"b": 2}))
        self.assertEqual(opened["comm_id"], sent["comm_id"])
        info = self.client.ask("comm_info_request", {"target_name": "mine"})[0].content["comms"]
        self.assertEqual(info, {opened["comm_id"]: {"target_name": "mine"}})
        self.client.execute('c.OnMessage(func(data json.RawMessage) { fmt.Print(string(data)); c.Send(map[string]int{"c": 3}) })')
        id = self.client.send("comm_msg", {"comm_id": opened["comm_id"], "data": {"hello": 1}})
        published = self.client.published(id)
        self.assertEqual(text(published), '{"hello":1}')
        self.assertEqual([m.content["data"] for m in published if m.type == "comm_msg"], [{"c": 3}])
        _, published = self.client.execute("c.Close()")
        self.assertIn("comm_close", types(published))
        self.assertEqual(self.client.ask("comm_info_request", {"target_name": "mine"})[0].content["comms"], {})

    def test_from_the_front_end(self):
        self.client.execute('comm.Register("go_target", func(c *comm.Comm, data json.RawMessage) {\n'
                            'fmt.Print("opened ", string(data))\nc.OnMessage(func(data json.RawMessage) { c.Send(map[string]any{"got": data}) })\n})')
        id = self.client.send("comm_open", {"comm_id": "front", "target_name": "go_target", "data": {"x": 1}})
        self.assertEqual(text(self.client.published(id)), 'opened {"x":1}')
        id = self.client.send("comm_msg", {"comm_id": "front", "data": {"y": 2}})
        self.assertEqual([m.content["data"] for m in self.client.published(id) if m.type == "comm_msg"], [{"got": {"y": 2}}])
        id = self.client.send("comm_close", {"comm_id": "front"})
        self.assertEqual(self.client.published(id), [])

    def test_widgets(self):
        bar = 'bar := widgets.NewProgress("epoch <1>", 4)\nfor i := range 4 { bar.Set(i+1, "loss") }\nbar.Done()'
        with Kernel() as k:
            c = k.client()
            c.execute('import "github.com/groupnb/groupnb/repl/widgets"')
            _, published = c.execute(bar)
            self.assertNotIn("comm_open", types(published), "a front end without ipywidgets sees none of it")
            shown = [m.content["data"] for m in published if m.type in ("display_data", "update_display_data")]
            self.assertGreaterEqual(len(shown), 1)
            for data in shown:
                self.assertEqual(sorted(data), ["text/html", "text/plain"])
            self.assertRegex(shown[-1]["text/plain"], r"epoch <1> █+ 100% 4/4  loss")
            self.assertIn("&lt;1&gt;", shown[-1]["text/html"])

            reply, _ = c.ask("comm_info_request", {"target_name": "jupyter.widget"})
            first = reply.content["comms"]
            self.assertGreater(len(first), 4)
            for id in first:
                (state,) = [m.content["data"]["state"] for m in c.published(c.send("comm_msg", {"comm_id": id, "data": {"method": "request_state"}}))]
                if state["_model_name"] == "IntProgressModel":
                    self.assertEqual((state["value"], state["max"], state["bar_style"]), (4, 4, "success"))

            _, published = c.execute(bar)
            opened = {m.content["comm_id"]: m for m in published if m.type == "comm_open"}
            for m in opened.values():
                self.assertEqual((m.content["target_name"], m.metadata["version"].split(".")[0]), ("jupyter.widget", "2"))
            view = [m.content["data"]["application/vnd.jupyter.widget-view+json"] for m in published if m.type == "display_data"]
            self.assertEqual([v["version_major"] for v in view], [2])
            row = opened[view[0]["model_id"]].content["data"]["state"]
            self.assertEqual(row["_model_name"], "HBoxModel")
            for child in row["children"]:
                self.assertIn(child.removeprefix("IPY_MODEL_"), opened)

            _, published = c.execute('bar := widgets.NewIntProgress(0, 4)\nwidgets.Show(widgets.NewHBox(widgets.NewHTML("<b>bold</b>"), bar))\nbar.Set(3)')
            models = [m.content["data"]["state"]["_model_name"] for m in published if m.type == "comm_open"]
            self.assertEqual(sorted(set(models) - {"LayoutModel", "ProgressStyleModel", "DescriptionStyleModel"}),
                             ["HBoxModel", "HTMLModel", "IntProgressModel"])
            twin = [m.content["data"]["text/plain"] for m in published if m.type == "display_data"]
            self.assertIn("bold", twin[0])
            self.assertIn(3, [m.content["data"]["state"].get("value") for m in published if m.type == "comm_msg"])
            more = {m.content["comm_id"] for m in published if m.type == "comm_open"}

            id = c.send("comm_open", {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}})
            self.assertEqual(c.published(id), [])
            (states,) = c.published(c.send("comm_msg", {"comm_id": "control", "data": {"method": "request_states"}}))
            self.assertEqual(set(states.content["data"]["states"]), set(first) | set(opened) | more)


class Assistance(Shared):
    def complete(self, code, cursor=None):
        content = {"code": code, "cursor_pos": len(code) if cursor is None else cursor}
        return self.client.ask("complete_request", content)[0].content

    def test_complete_counts_code_points(self):
        self.client.execute('import "strings"')
        for before in ("", "/* é😀 */ ", "/* e\u0301 */"):
            r = self.complete(before + "strings.HasPre")
            self.assertEqual(r["matches"], ["HasPrefix"])
            n = len(before) + len("strings.")
            self.assertEqual((r["cursor_start"], r["cursor_end"]), (n, n + 6))
            self.assertEqual(r["metadata"]["_jupyter_types_experimental"][0]["type"], "func")

    def test_complete_sees_the_cell_and_the_session(self):
        self.client.execute("variableOfSession := 1")
        self.assertEqual(self.complete("variableOfS")["matches"], ["variableOfSession"])
        self.assertIn("%writefile".replace("%", "%%"), self.complete("%%")["matches"])

    def test_inspect(self):
        self.client.execute('import "strings"')
        for detail in (0, 1):
            r = self.client.ask("inspect_request", {"code": "strings.ToUpper", "cursor_pos": 10, "detail_level": detail})[0].content
            self.assertTrue(r["found"])
            self.assertRegex(r["data"]["text/plain"], r"func (strings\.)?ToUpper\(s string\) string")
            self.assertIn("upper case", r["data"]["text/plain"])
        r = self.client.ask("inspect_request", {"code": "nothing_there", "cursor_pos": 3, "detail_level": 0})[0].content
        self.assertEqual((r["found"], r["data"]), (False, {}))

    def test_is_complete(self):
        for code, want in [("x := 1", "complete"), ("for {", "incomplete"), ("f(", "incomplete"), ("`raw", "incomplete"),
                           ("/* open", "incomplete"), ("}", "invalid"), ('"open', "invalid"), ("", "complete"), ("%help", "complete"),
                           ("1 +", "incomplete"), ("func f() {\n}", "complete"), ("x.", "incomplete")]:
            with self.subTest(code):
                self.assertEqual(self.client.ask("is_complete_request", {"code": code})[0].content["status"], want)

    def test_history(self):
        cells = ["40 + 2", "hist := 1", "hist"]
        for c in cells:
            self.client.execute(c)

        def ask(**q):
            return self.client.ask("history_request", {"output": False, "raw": True, **q})[0].content["history"]
        tail = ask(hist_access_type="tail", n=3)
        self.assertEqual([h[2] for h in tail], cells)
        session, line, _ = tail[0]
        self.assertEqual(ask(hist_access_type="range", session=session, start=line, stop=line + 1), [tail[0]])
        self.assertEqual(ask(hist_access_type="range", session=0, start=line), tail)
        self.assertEqual([h[2] for h in ask(hist_access_type="search", pattern="hist*")], cells[1:])
        self.client.execute("hist := 1")
        unique = ask(hist_access_type="search", pattern="hist*", unique=True)
        self.assertEqual(sorted(h[2] for h in unique), ["hist", "hist := 1"])
        self.assertEqual([h[2] for h in ask(hist_access_type="search", pattern="*2", n=1)], ["40 + 2"])
        self.assertEqual(ask(hist_access_type="range", session=-10**6), [])
        self.client.execute("%reset")
        for c in cells:
            self.client.execute(c)
        self.assertEqual([h[2] for h in ask(hist_access_type="tail", n=3, output=True)],
                         [["40 + 2", "42"], ["hist := 1", None], ["hist", "1"]])


if __name__ == "__main__":
    unittest.main()
