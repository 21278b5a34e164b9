"""What must not hurt a kernel: bytes from strangers, slow clients, dying parents, cells that misbehave."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import unittest

from kernel import DELIMITER, GROUPNB, PATIENCE, Kernel, children, exists, text, until

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


def ready(kind=b"DEALER"):
    body = b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
    return b"\x04" + bytes([len(body)]) + body


class Frames(unittest.TestCase):
    """Each of these connections is closed or ignored, and a decent client is served meanwhile."""

    BAD = {
        "silence": b"",
        "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"x" * 64,
        "zeros": bytes(100),
        "half a greeting": GREETING[:20],
        "ZMTP 2": GREETING[:10] + b"\x01" + GREETING[11:],
        "PLAIN": GREETING[:12] + b"PLAIN".ljust(20, b"\0") + bytes(32),
        "greeting only": GREETING,
        "message before READY": GREETING + b"\0\1x",
        "truncated READY": GREETING + b"\x04\x08\x05READY\xffx",
        "wrong socket type": GREETING + ready(b"PULL"),
        "frame of 2^62 bytes": GREETING + ready() + b"\x02" + struct.pack(">Q", 1 << 62),
        "frame of 2^64-1 bytes": GREETING + ready() + b"\x02" + b"\xff" * 8,
        "command of 2^62 bytes": GREETING + ready() + b"\x06" + struct.pack(">Q", 1 << 62),
        "many empty frames": GREETING + ready() + b"\x01\x00" * 5000,
        "unknown flags": GREETING + ready() + b"\xf0\x01x",
        "command in a message": GREETING + ready() + b"\x01\x01x\x04\x05\x04PING",
        "PING without context": GREETING + ready() + b"\x04\x05\x04PING",
    }

    def test_bad_connections(self):
        with Kernel() as k:
            client = k.client()
            open = []
            for channel in ("shell", "control", "stdin", "iopub", "hb"):
                for name, sent in self.BAD.items():
                    with self.subTest(channel=channel, sent=name):
                        s = socket.create_connection((k.conn["ip"], k.conn[channel + "_port"]))
                        s.sendall(sent)
                        open.append(s)
                        client.ask("kernel_info_request")
            k.client().ask("kernel_info_request")
            for s in open:
                s.close()

    def test_silent_connections_keep_nobody_out(self):
        with Kernel() as k:
            k.client().ask("kernel_info_request")
            silent = [socket.create_connection((k.conn["ip"], k.conn[c + "_port"])) for c in ("shell", "iopub", "control") for _ in range(10)]
            k.client().ask("kernel_info_request")
            for s in silent:
                s.close()


def malformed(c):
    """Messages that must be dropped, by name."""
    good = c.frames("kernel_info_request", {})[0]
    deep = b'{"a":' * 20000 + b"1" + b"}" * 20000

    def signed(*parts):
        parts = [p if isinstance(p, bytes) else json.dumps(p).encode() for p in parts]
        return [DELIMITER, c.sign(parts[:4]), *parts]

    def header(**h):
        return {"msg_id": "i", "msg_type": "kernel_info_request", **h}

    def changed(i, b):
        return good[:i] + [b] + good[i + 1:]
    return {
        "empty frame": [b""], "text": [b"hello"], "no delimiter": good[1:], "delimiter only": [DELIMITER],
        "delimiter and signature": good[:2], "no parent": good[:3], "no metadata": good[:4], "no content": good[:5],
        "empty signature": changed(1, b""), "signature that is not hex": changed(1, b"zz" * 32),
        "short signature": changed(1, good[1][:32]), "long signature": changed(1, good[1] * 2),
        "wrong signature": changed(1, b"0" * 64), "binary signature": changed(1, bytes(range(32))),
        "changed header": changed(2, b"{}"), "changed parent": changed(3, b'{"a": 1}'),
        "changed metadata": changed(4, b'{"a": 1}'), "changed content": changed(5, b'{"a": 1}'),
        "header no JSON": signed(b"nope", {}, {}, {}), "header cut off": signed(b'{"msg_id": "1', {}, {}, {}),
        "empty header": signed(b"", {}, {}, {}), "header null": signed(None, {}, {}, {}), "header list": signed([], {}, {}, {}),
        "header number": signed(5, {}, {}, {}), "header text": signed("x", {}, {}, {}), "header {}": signed({}, {}, {}, {}),
        "no type": signed({"msg_id": "1"}, {}, {}, {}), "type number": signed(header(msg_type=1), {}, {}, {}),
        "type list": signed(header(msg_type=[]), {}, {}, {}), "id object": signed(header(msg_id={}), {}, {}, {}),
        "deep header": signed(deep, {}, {}, {}), "not UTF-8": signed(b'{"msg_id": "\xff\xfe', {}, {}, {}),
        "parent no JSON": signed(header(), b"{", {}, {}), "parent list": signed(header(), [], {}, {}),
        "metadata text": signed(header(), {}, "x", {}), "content list": signed(header(), {}, {}, []),
        "content null": signed(header(), {}, {}, None), "content empty": signed(header(), {}, {}, b""),
        "content twice": signed(header(), {}, {}, b"{}{}"), "deep content": signed(header(), {}, {}, deep),
        "many frames": signed(header(), {}, {}, b"[") + [b"x"] * 900, "big garbage": [os.urandom(5_000_000)],
    }


class Messages(unittest.TestCase):
    def test_malformed_messages_are_dropped(self):
        with Kernel() as k:
            c = k.client()
            bad = malformed(c)
            self.assertGreaterEqual(len(bad), 30)
            for round in range(2):
                for socket in (c.shell, c.control, c.stdin):
                    for name, frames in bad.items():
                        with self.subTest(name):
                            socket.send_multipart(frames)
                c.ask("kernel_info_request")
                c.control_ask("kernel_info_request")
            self.assertLess(len(k.logged().splitlines()), 40, "each kind is logged once")

    def test_large_messages(self):
        with Kernel() as k:
            c = k.client()
            reply, _ = c.execute("x := 1 // " + "é" * 5_000_000)
            self.assertEqual(reply["status"], "ok", reply)
            reply, _ = c.execute("1" * 1_000_000)
            self.assertEqual(reply["status"], "error", "a constant of a million digits")
            frames, _ = c.frames("execute_request", {"code": "x" * 70_000_000})
            c.shell.send_multipart(frames)  # above the limit: this connection ends
            self.assertEqual(k.client().value("1 + 1"), "2")

    def test_a_replayed_message_is_dropped(self):
        with Kernel() as k:
            c = k.client()
            frames, id = c.frames("execute_request", {"code": "1"})
            c.shell.send_multipart(frames)
            c.reply(id)
            c.shell.send_multipart(frames)
            reply, _ = c.execute("1")
            self.assertEqual(reply["execution_count"], 2)

    def test_contents_of_wrong_types(self):
        with Kernel() as k:
            c = k.client()
            for kind, content in [
                ("execute_request", {"code": 5}), ("execute_request", {"code": None}), ("execute_request", {"code": ["1"]}),
                ("execute_request", {"code": "1", "silent": "yes"}), ("execute_request", {"code": "1", "user_expressions": []}),
                ("execute_request", {"code": "1", "user_expressions": {"a": 5}}), ("execute_request", {}),
                ("execute_request", {"code": "1", "store_history": 3}),
                ("complete_request", {"code": "fmt", "cursor_pos": -5}), ("complete_request", {"code": "fmt", "cursor_pos": 10**9}),
                ("complete_request", {"code": "fmt", "cursor_pos": 10**30}), ("complete_request", {"code": "fmt", "cursor_pos": 1.5}),
                ("complete_request", {"code": "fmt", "cursor_pos": "1"}), ("complete_request", {"code": "é" * 1000, "cursor_pos": 1001}),
                ("complete_request", {}), ("complete_request", {"code": "\x00\ud800", "cursor_pos": 1}),
                ("inspect_request", {"code": "x", "cursor_pos": -1}), ("inspect_request", {"code": "x", "cursor_pos": 99, "detail_level": 7}),
                ("inspect_request", {"code": {}}), ("is_complete_request", {"code": 1}), ("is_complete_request", {"code": "(" * 100000}),
                ("history_request", {"hist_access_type": "none"}), ("history_request", {"hist_access_type": "tail", "n": -1}),
                ("history_request", {"hist_access_type": "tail", "n": 10**12}), ("history_request", {"hist_access_type": "range", "session": "x"}),
                ("history_request", {"hist_access_type": "range", "session": -10**9, "start": -5, "stop": -7}),
                ("history_request", {"hist_access_type": "search", "pattern": "*" * 5000 + "a"}), ("history_request", {}),
                ("comm_info_request", {"target_name": 5}), ("kernel_info_request", {"a": [1]}),
            ]:
                with self.subTest(kind=kind, content=str(content)[:80]):
                    reply, _ = c.ask(kind, content)
                    self.assertEqual(reply.type, kind.replace("request", "reply"))
                    self.assertIn("status", reply.content)
            for kind in ("comm_open", "comm_msg", "comm_close"):
                for content in ({}, {"comm_id": 5}, {"comm_id": "x", "data": 5}, {"target_name": []}):
                    c.published(c.send(kind, content))
            for content in ({}, {"value": 5}, {"value": None}):
                c.send("input_reply", content, c.stdin)
            self.assertEqual(c.value("1 + 1"), "2")

    def test_without_a_key_nothing_is_signed(self):
        with Kernel(key="") as k:
            self.assertEqual(k.client().value("1 + 1"), "2")
            self.assertIn("no key", k.logged())


class Clients(unittest.TestCase):
    def test_two_at_once(self):
        with Kernel() as k:
            a, b = k.client(), k.client()
            ida = [a.begin(f"{i}") for i in range(20)]
            idb = [b.begin(f"{i + 100}") for i in range(20)]
            for c, ids, base in ((a, ida, 0), (b, idb, 100)):
                for i, id in enumerate(ids):
                    self.assertEqual(c.reply(id).content["status"], "ok")
                    result = [m for m in c.published(id) if m.type == "execute_result"]
                    self.assertEqual(result[0].content["data"]["text/plain"], str(base + i))

    def test_both_see_all_output(self):
        with Kernel() as k:
            a, b = k.client(), k.client()
            id = a.begin("7")
            a.reply(id)
            for c in (a, b):
                self.assertEqual([m.type for m in c.published(id)], ["execute_input", "execute_result"])

    def test_a_slow_subscriber_delays_nobody_and_misses_nothing(self):
        with Kernel() as k:
            quick, slow = k.client(), k.client()
            code = 'import ("fmt"; "strings")\nfor i := 0; i < 80; i++ { fmt.Println(i, strings.Repeat("x", 100000)) }'
            ids = []
            for _ in range(5):  # 8 MB each
                id = quick.begin(code)
                ids.append(id)
                self.assertEqual(quick.reply(id).content["status"], "ok")
                self.assertEqual(len(text(quick.published(id))), sum(len(f"{i} ") + 100001 for i in range(80)))
            for id in ids:
                self.assertEqual(len(text(slow.published(id))), sum(len(f"{i} ") + 100001 for i in range(80)))

    def test_a_subscriber_that_never_reads_delays_nobody(self):
        with Kernel() as k:
            c = k.client()  # by now it listens
            stuck = socket.create_connection((k.conn["ip"], k.conn["iopub_port"]))
            stuck.sendall(GREETING + ready(b"SUB") + b"\x00\x01\x01")  # subscribes to everything
            code = 'import ("fmt"; "strings")\nfor i := 0; i < 80; i++ { fmt.Println(i, strings.Repeat("x", 100000)) }'
            for _ in range(5):  # 8 MB each
                reply, published = c.execute(code)
                self.assertEqual(reply["status"], "ok", reply)
                self.assertEqual(len(text(published)), sum(len(f"{i} ") + 100001 for i in range(80)))
            self.assertEqual(c.value("1 + 1"), "2")
            c.shutdown()
            self.assertEqual(k.wait(), 0, "nor does it delay the end")
            stuck.close()

    def test_reconnections_with_one_identity(self):
        with Kernel() as k:
            for i in range(60):
                c = k.client(identity=b"same", subscribe=False)
                c.reply(c.send("kernel_info_request"))
                c.close()

    def test_ipc(self):
        with Kernel(transport="ipc") as k:
            self.assertEqual(k.client().value("1 + 1"), "2")

    def test_heartbeat_echoes(self):
        import zmq
        with Kernel() as k:
            s = k.client().connect(zmq.REQ, "hb")
            for b in (b"ping", b"", os.urandom(10000)):
                s.send(b)
                self.assertTrue(s.poll(PATIENCE * 1000))
                self.assertEqual(s.recv(), b)


class Lifecycle(unittest.TestCase):
    def test_interrupts_keep_the_state(self):
        with Kernel() as k:
            c = k.client()
            c.execute('import ("fmt"; "strings"; "time")\nkept := 41\nch := make(chan int)')
            worker = k.worker()
            for code in ("for {\n}", 'for { strings.Repeat("x", 1000) }', "time.Sleep(time.Hour)", "<-ch", 'for { fmt.Println("x") }'):
                with self.subTest(code):
                    id = c.begin('fmt.Println("begun")\n' + code)
                    behind = c.begin("kept")
                    c.running(id)
                    c.interrupt()
                    self.assertEqual(c.reply(id).content["ename"], "interrupted")
                    self.assertEqual(c.reply(behind).content["status"], "aborted")
                    c.published(behind)
                    self.assertEqual(c.value("kept + 1"), "42")
            self.assertEqual(k.worker(), worker, "it is the same process")

    def test_sigint_interrupts(self):
        with Kernel() as k:
            c = k.client()
            id = c.begin('import "fmt"\nfmt.Println("begun")\nfor {\n}')
            c.running(id)
            os.kill(k.process.pid, signal.SIGINT)
            self.assertEqual(c.reply(id).content["ename"], "interrupted")
            c.published(id)
            self.assertEqual(c.value("1 + 1"), "2")

    def test_control_answers_while_a_cell_runs(self):
        with Kernel() as k:
            c = k.client()
            id = c.begin('import "fmt"\nfmt.Println("begun")\nfor {\n}')
            c.running(id)
            for _ in range(20):
                c.control_ask("kernel_info_request")
            c.interrupt()

    def test_shutdown_while_busy(self):
        for restart in (False, True):
            with Kernel() as k:
                c = k.client()
                id = c.begin('import "fmt"\nfmt.Println("begun")\nfor {\n}')
                c.running(id)
                family = children(k.process.pid)
                reply = c.shutdown(restart)
                self.assertEqual((reply.type, reply.content), ("shutdown_reply", {"status": "ok", "restart": restart}))
                self.assertEqual(k.wait(), 0)
                for pid in family:
                    until(lambda: not exists(pid))

    def test_sigterm(self):
        with Kernel() as k:
            k.client().value("1")
            k.process.terminate()
            self.assertEqual(k.wait(), 0)

    def test_parent_death(self):
        parent = "import subprocess, sys, time; p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True); time.sleep(60)"
        with Kernel(argv=["true"]) as k:  # for its connection file
            k.wait()
            p = subprocess.Popen([sys.executable, "-c", parent, GROUPNB, "kernel", "-f", k.file], stdout=subprocess.PIPE)
            pid = int(p.stdout.readline())
            c = k.client()
            c.value("1")
            family = [pid, *children(pid)]
            self.assertGreaterEqual(len(family), 2)
            p.kill()
            p.wait()
            p.stdout.close()
            for pid in family:
                until(lambda: not exists(pid))

    def test_death_of_the_kernel_takes_the_worker(self):
        with Kernel() as k:
            c = k.client()
            c.execute('import "os/exec"\nexec.Command("sleep", "1000").Start()')
            worker = k.worker()
            family = [worker, *children(worker)]
            self.assertGreaterEqual(len(family), 2)
            k.process.kill()
            for pid in family:
                until(lambda: not exists(pid))

    def test_death_of_the_worker_is_an_error_of_the_cell(self):
        with Kernel() as k:
            c = k.client()
            c.execute("x := 41\nfunc twice(i int) int { return 2 * i }")
            for code in ('import "os"\nos.Exit(3)', "func f(i int) int { return f(i+1) + 1 }\nf(0)",
                         "m := map[int]int{}\nfor i := 0; i < 8; i++ { go func() { for { m[1]++ } }() }\nfor {\n}",
                         'import ("os"; "syscall")\nsyscall.Kill(os.Getpid(), syscall.SIGKILL)'):
                with self.subTest(code):
                    reply, _ = c.execute(code)
                    self.assertEqual(reply["status"], "error", reply)
                    self.assertEqual(c.value("1 + 1"), "2")
                    self.assertEqual(c.value("twice(21)"), "42")

    def test_other_misbehaviour(self):
        with Kernel() as k:
            c = k.client()
            c.execute("x := 41")
            for code in ('panic("x")', "var p *int\n*p", "var s []int\ns[3]", "zero := 0\n1 / zero", 'go func() { panic("in a goroutine") }()\nselect {}',
                         'import "runtime"\nruntime.Goexit()', 'import "os"\nos.Stdout.Close()'):
                with self.subTest(code):
                    c.execute(code)
                    self.assertEqual(c.value("x + 1"), "42")

    def test_restarts(self):
        for i in range(50):
            with Kernel() as k:
                c = k.client()
                self.assertEqual(c.value("1 + 1"), "2")
                family = children(k.process.pid)
                c.shutdown(restart=True)
                self.assertEqual(k.wait(), 0)
                for pid in family:
                    until(lambda: not exists(pid))

    def test_file_descriptors_stay(self):
        with Kernel() as k:
            c = k.client()

            def count():
                return sum(len(os.listdir(f"/proc/{p}/fd")) for p in (k.process.pid, k.worker()))
            for i in range(20):
                c.value(str(i))
            before = count()
            for i in range(500):
                c.value(str(i))
            until(lambda: count() <= before)

    def test_refuses_other_addresses(self):
        with Kernel(ip="0.0.0.0") as k:
            self.assertNotEqual(k.wait(), 0)
            self.assertIn("0.0.0.0", k.logged())

    def test_history_survives(self):
        with Kernel() as first:
            state = first.dir.name
            c = first.client()
            c.value("40 + 2")
            c.shutdown()
            first.wait()
            with Kernel(env={"XDG_STATE_HOME": state}) as second:
                reply, _ = second.client().ask("history_request", {"hist_access_type": "tail", "n": 5, "output": False, "raw": True})
                self.assertEqual([h[2] for h in reply.content["history"]], ["40 + 2"])
                file = os.path.join(state, "groupnb", "jupyter-history.jsonl")
                self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
