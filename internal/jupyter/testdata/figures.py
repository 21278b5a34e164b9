"""Figures of a kernel beside ipykernel, measured in turns: GROUPNB=program python3 figures.py [rounds].

Each figure is a median over rounds (three if not said) of what one kernel process shows.
"""

import os
import signal
import statistics
import subprocess
import sys
import time

import zmq

from kernel import GROUPNB, Kernel, children, exists, text, until

GO = {
    "print": 'import "fmt"\nfor i := 0; i < 100000; i++ { fmt.Println(i) }',
    "block": 'import ("fmt"; "strings")\nfmt.Print(strings.Repeat("x", 10000000))',
    "slow": 'import ("fmt"; "time")\nfmt.Println("first")\ntime.Sleep(time.Second)',
    "busy": 'import "fmt"\nfmt.Println("begun")\n',
    "loops": ["for {\n}", 'import "strings"\nfor { strings.Repeat("x", 1000) }', 'import "time"\ntime.Sleep(time.Hour)',
              "<-make(chan int)", 'for { fmt.Println("x") }'],
    "complete": ('import "strings"', "strings.Has", 11),
    "training": "import (\"runtime\"; \"github.com/groupnb/groupnb/kernels\")\n_ = runtime.NumCPU()\n"
                "a, b, y := make([]float32, 512*512), make([]float32, 512*512), make([]float32, 512*512)\nfmt.Println(\"begun\")\n"
                "for i := 0; i < 4000; i++ { kernels.GEMM(false, false, 512, 512, 512, 1, a, 512, b, 512, 0, y, 512) }",
}
PYTHON = {
    "print": "for i in range(100000): print(i)",
    "block": "print('x' * 10000000, end='')",
    "slow": "import time\nprint('first')\ntime.sleep(1)",
    "busy": "print('begun', flush=True)\n",
    "loops": ["while True: pass", "while True: 'x' * 1000", "import time; time.sleep(3600)",
              "import threading; threading.Event().wait()", "while True: print('x')"],
    "complete": ("import os.path", "os.path.is", 10),
    "training": "import threading\nprint('begun', flush=True)\nimport hashlib\nb = bytes(1 << 26)\n"
                "def f():\n  for _ in range(60): hashlib.sha256(b)\nt = [threading.Thread(target=f) for _ in range(2)]\n"
                "[x.start() for x in t]\n[x.join() for x in t]",
}


def start(kind):
    if kind == "groupnb":
        return Kernel()
    return Kernel(argv=[sys.executable, "-m", "ipykernel_launcher", "-f"])


def client(k):
    """A client that doesn't wait for a welcome, which ipykernel 6 doesn't send."""
    c = k.client(subscribe=False)
    c.iopub = c.connect(zmq.SUB, "iopub")
    c.iopub.setsockopt(zmq.RCVHWM, 0)
    c.iopub.subscribe(b"")
    c.ask_info = lambda: c.reply(c.send("kernel_info_request"))
    return c


def settle(c):
    """Until the subscription works."""
    while True:
        id = c.send("kernel_info_request")
        c.reply(id)
        if c.iopub.poll(100):
            break
    while c.iopub.poll(300):
        c.iopub.recv_multipart()


def timed(f):
    start = time.perf_counter()
    f()
    return (time.perf_counter() - start) * 1e3


def spread(name, samples, out):
    samples = sorted(samples)
    out[name + " p50 ms"] = statistics.median(samples)
    out[name + " p99 ms"] = samples[int(len(samples) * 0.99)]


def begin_and_wait(c, code):
    id = c.begin(code)
    c.running(id)
    return id


def cells(c, code, out, n=500):
    """Latencies of cells and of other requests."""
    replies, idles = [], []
    for _ in range(n):
        t = time.perf_counter()
        id = c.begin("1+1")
        c.reply(id)
        replies.append((time.perf_counter() - t) * 1e3)
        c.published(id)
        idles.append((time.perf_counter() - t) * 1e3)
    spread("execute 1+1, reply", replies, out)
    spread("execute 1+1, idle", idles, out)

    def ask(kind, content):
        start = time.perf_counter()
        id = c.send(kind, content)
        c.reply(id)
        elapsed = (time.perf_counter() - start) * 1e3
        c.published(id)
        return elapsed
    echo = c.connect(zmq.REQ, "hb")

    def ping():
        echo.send(b"x")
        echo.recv()
    spread("echo by the heartbeat: the client's floor", [timed(ping) for _ in range(n)], out)
    before, line, cursor = code["complete"]
    c.execute(before)
    q = {"code": line, "cursor_pos": cursor, "detail_level": 0}
    out["first complete ms"] = ask("complete_request", q)
    for name, kind, content in [("kernel_info", "kernel_info_request", {}), ("complete", "complete_request", q),
                                ("inspect", "inspect_request", q), ("is_complete", "is_complete_request", {"code": "x = 1"})]:
        spread(name, [ask(kind, content) for _ in range(200)], out)

    n = 2000
    t = time.perf_counter()
    ids = [c.begin("1+1") for _ in range(n)]
    for id in ids:
        c.reply(id)
    out["pipelined cells/s"] = n / (time.perf_counter() - t)
    c.published(ids[-1])


def outputs(c, code, out):
    t = time.perf_counter()
    _, published = c.execute(code["print"])
    out["100,000 lines s"] = time.perf_counter() - t
    out["100,000 lines, messages"] = sum(m.type == "stream" for m in published)
    assert len(text(published).split()) == 100000
    out["10 MB in one print ms"] = timed(lambda: c.execute(code["block"]))
    t = time.perf_counter()
    id = begin_and_wait(c, code["slow"])
    out["first line of a slow cell ms"] = (time.perf_counter() - t) * 1e3
    c.reply(id)
    c.published(id)


def control(c, k, code, out, kind):
    times = []
    for loop in code["loops"]:
        id = begin_and_wait(c, code["busy"] + loop)
        time.sleep(0.05)
        t = time.perf_counter()
        if kind == "groupnb":
            c.send("interrupt_request", {}, c.control)
        else:
            k.process.send_signal(signal.SIGINT)
        c.reply(id)
        times.append((time.perf_counter() - t) * 1e3)
        c.published(id)
        while c.control.poll(0):
            c.control.recv_multipart()
    for name, ms in zip(("empty loop", "library calls", "sleep", "blocked", "print flood"), times):
        out["interrupt " + name + " ms"] = ms

    id = begin_and_wait(c, code["training"])
    spread("control while training", [timed(lambda: c.control_ask("kernel_info_request")) for _ in range(100)], out)
    beat = c.connect(zmq.REQ, "hb")

    def ping():
        beat.send(b"x")
        beat.recv()
    spread("heartbeat while training", [timed(ping) for _ in range(300)], out)
    c.reply(id, seconds=120)
    c.published(id)


def memory(k):
    """Megabytes of memory of the kernel and its processes; pages that several share count once."""
    total = 0
    for pid in [k.process.pid, *children(k.process.pid)]:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total / 1024


def descriptors(k):
    return sum(len(os.listdir(f"/proc/{p}/fd")) for p in [k.process.pid, *children(k.process.pid)])


def measure(kind):
    code = GO if kind == "groupnb" else PYTHON
    out = {}
    t = time.perf_counter()
    with start(kind) as k:
        c = client(k)
        c.ask_info()
        out["start to kernel_info ms"] = (time.perf_counter() - t) * 1e3
        c.reply(c.begin("1+1"))
        out["start to first result ms"] = (time.perf_counter() - t) * 1e3
        out["memory after the first result MB"] = memory(k)
        settle(c)
        before = descriptors(k)
        cells(c, code, out)
        out["descriptors gained over 500 cells"] = descriptors(k) - before
        outputs(c, code, out)
        control(c, k, code, out, kind)
        t = time.perf_counter()
        c.shutdown()
        k.wait()
        out["shutdown ms"] = (time.perf_counter() - t) * 1e3
    out["parent killed, gone ms"] = orphan(kind)
    return out


def orphan(kind):
    """How long a kernel outlives its parent."""
    parent = "import subprocess, sys, time; p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True); time.sleep(60)"
    with Kernel(argv=["true"]) as k:
        k.wait()
        command = [GROUPNB, "kernel", "-f"] if kind == "groupnb" else [sys.executable, "-m", "ipykernel_launcher", "-f"]
        script = "import os; os.environ['JPY_PARENT_PID'] = str(os.getpid()); " + parent
        p = subprocess.Popen([sys.executable, "-c", script, *command, k.file], stdout=subprocess.PIPE)
        pid = int(p.stdout.readline())
        c = client(k)
        c.reply(c.begin("1+1"))
        p.kill()
        p.wait()
        p.stdout.close()
        return until(lambda: not exists(pid)) * 1e3


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    all = {"groupnb": [], "ipykernel": []}
    for _ in range(rounds):
        for kind in all:
            all[kind].append(measure(kind))
    print(f"{'':44} {'groupnb':>10} {'ipykernel':>10}")
    for name in all["groupnb"][0]:
        values = [statistics.median(r[name] for r in all[kind]) for kind in all]
        print(f"{name:44} {values[0]:10.2f} {values[1]:10.2f}")


if __name__ == "__main__":
    main()
