"""A kernel process and raw clients for it, for the tests beside this file.

GROUPNB names the program to test.
"""

import collections
import hashlib
import hmac
import json
import os
import random
import socket
import subprocess
import tempfile
import time
import uuid

import zmq

GROUPNB = os.environ["GROUPNB"]
PATIENCE = 60  # seconds; who waits longer has failed, however busy the machine
DELIMITER = b"<IDS|MSG>"

Message = collections.namedtuple("Message", "topic type id parent content metadata header")


class Kernel:
    """One kernel process, with a connection file of its own."""

    def __init__(self, transport="tcp", key="secret", argv=None, env=None, wrap=None, **conn):
        self.dir = tempfile.TemporaryDirectory()
        ip = os.path.join(self.dir.name, "ipc") if transport == "ipc" else loopback()
        self.conn = {"transport": transport, "ip": ip, "key": key, "signature_scheme": "hmac-sha256"}
        for i, port in enumerate(free_ports(ip, 5) if transport == "tcp" else range(1, 6)):
            self.conn[("shell", "control", "stdin", "iopub", "hb")[i] + "_port"] = port
        self.conn.update(conn)
        self.file = os.path.join(self.dir.name, "kernel.json")
        with open(os.open(self.file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
            json.dump(self.conn, f)
        command = (argv or [GROUPNB, "kernel", "--connection-file"]) + [self.file]
        environment = {**os.environ, "XDG_STATE_HOME": self.dir.name, **(env or {})}
        self.log = open(os.path.join(self.dir.name, "log"), "w+")
        self.process = subprocess.Popen(
            (wrap or []) + command, stderr=self.log, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        self.clients = []

    def client(self, **options):
        c = Client(self, **options)
        self.clients.append(c)
        return c

    def url(self, channel):
        return endpoint(self.conn, self.conn[channel + "_port"])

    def wait(self, seconds=PATIENCE):
        """Wait for the end of the process and return its status."""
        return self.process.wait(seconds)

    def logged(self):
        self.log.flush()
        with open(self.log.name) as f:
            return f.read()

    def worker(self):
        """The number of the worker process."""
        return children(self.process.pid)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for c in self.clients:
            c.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()
        self.dir.cleanup()


def endpoint(conn, port):
    return f"ipc://{conn['ip']}-{port}" if conn["transport"] == "ipc" else f"tcp://{conn['ip']}:{port}"


def loopback():
    """An address for one server alone: on a shared one, its ports could be taken by another before it has them."""
    return f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def free_ports(ip, n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind((ip, 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        found = [int(p) for p in f.read().split()]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as f:
            found += [int(p) for p in f.read().split() if int(p) not in found]
    return found


def exists(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(condition, seconds=PATIENCE):
    """Wait for a condition; return the seconds it took, or fail."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.005)
    return time.monotonic() - start


class Client:
    """A client of a kernel: DEALERs on shell, control and stdin with one identity, a SUB and a REQ."""

    def __init__(self, kernel, identity=None, subscribe=True):
        self.kernel = kernel
        self.key = kernel.conn["key"].encode()
        self.session = uuid.uuid4().hex
        self.seen = {}  # by running: messages that published has yet to return
        self.context = zmq.Context()
        identity = identity or self.session.encode()
        self.shell, self.control, self.stdin = (
            self.connect(zmq.DEALER, c, identity) for c in ("shell", "control", "stdin"))
        if subscribe:
            self.iopub = self.connect(zmq.SUB, "iopub")
            self.iopub.setsockopt(zmq.RCVHWM, 0)
            self.iopub.subscribe(b"")
            self.welcome = self.receive(self.iopub)

    def connect(self, kind, channel, identity=None):
        s = self.context.socket(kind)
        s.linger = 0
        s.reconnect_ivl = 5  # the kernel may not listen yet
        if identity:
            s.identity = identity
        s.connect(self.kernel.url(channel))
        return s

    def close(self):
        self.context.destroy(linger=0)

    def frames(self, kind, content, parent=None, metadata=None, header=None):
        """The signed frames of a message and its id."""
        header = header or {}
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.session, "username": "test",
                  "date": "2026-01-01T00:00:00Z", "version": "5.3", **header}
        parts = [json.dumps(p).encode() for p in (header, parent or {}, metadata or {}, content)]
        return [DELIMITER, self.sign(parts), *parts], header["msg_id"]

    def sign(self, parts):
        if not self.key:
            return b""
        return hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()

    def send(self, kind, content=None, socket=None, **more):
        frames, id = self.frames(kind, {} if content is None else content, **more)
        (socket or self.shell).send_multipart(frames)
        return id

    def receive(self, socket, seconds=PATIENCE):
        """The next message on a socket; its signature is checked."""
        if not socket.poll(seconds * 1000):
            raise AssertionError(f"no message within {seconds} s; kernel's log: {self.kernel.logged()}")
        frames = socket.recv_multipart()
        i = frames.index(DELIMITER)
        assert frames[i + 1] == self.sign(frames[i + 2:i + 6]), "wrong signature"
        header, parent, metadata, content = (json.loads(f) for f in frames[i + 2:i + 6])
        topic = frames[0] if i else None
        return Message(topic, header["msg_type"], header["msg_id"], parent, content, metadata, header)

    def reply(self, id, socket=None, seconds=PATIENCE):
        """The next message on shell, which must answer a request."""
        m = self.receive(socket or self.shell, seconds)
        assert m.parent.get("msg_id") == id, f"{m.type} has parent {m.parent}"
        return m

    def published(self, id, seconds=PATIENCE):
        """What is published for a request, without its busy and idle. Messages of other requests are skipped."""
        seen, all = self.seen.pop(id, []), []
        while True:
            m = seen.pop(0) if seen else self.receive(self.iopub, seconds)
            if m.parent.get("msg_id") != id:
                continue
            state = m.content.get("execution_state")
            if not all:
                assert state == "busy", f"first is {m.type} {m.content}"
            if state == "idle":
                return all[1:]
            all.append(m)

    def ask(self, kind, content=None, socket=None, seconds=PATIENCE, **more):
        """Send a request; return its reply and what was published for it."""
        id = self.send(kind, content, socket, **more)
        return self.reply(id, socket, seconds), self.published(id, seconds)

    def begin(self, code, **options):
        """Send an execute_request and return its id."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True, **options}
        return self.send("execute_request", content)

    def execute(self, code, seconds=PATIENCE, **options):
        id = self.begin(code, **options)
        return self.reply(id, seconds=seconds).content, self.published(id, seconds)

    def value(self, code, seconds=PATIENCE):
        """The text of a cell's result."""
        reply, published = self.execute(code, seconds)
        assert reply["status"] == "ok", reply
        results = [m.content["data"]["text/plain"] for m in published if m.type == "execute_result"]
        return results[0] if results else None

    def arrived(self):
        """Wait, once in a kernel's life, until it holds what was sent on shell: it logs what is malformed as it arrives."""
        self.shell.send_multipart([b"no delimiter"])
        until(lambda: "without delimiter" in self.kernel.logged())

    def running(self, id):
        """Wait until a cell prints."""
        while True:
            m = self.receive(self.iopub)
            parent = m.parent.get("msg_id")
            self.seen.setdefault(parent, []).append(m)
            if parent == id and m.type == "stream":
                return m

    def interrupt(self):
        m, _ = self.control_ask("interrupt_request")
        assert m.content == {"status": "ok"}, m.content

    def control_ask(self, kind, content=None):
        id = self.send(kind, content, self.control)
        return self.reply(id, self.control), id

    def shutdown(self, restart=False):
        return self.control_ask("shutdown_request", {"restart": restart})[0]


def text(published, name="stdout"):
    return "".join(m.content["text"] for m in published if m.type == "stream" and m.content["name"] == name)


def types(published):
    return [m.type for m in published]
