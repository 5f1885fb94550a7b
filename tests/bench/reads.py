"""What answers take: start, every page, every question of the API, freshness, end. One server, one reader, nothing else."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from functools import partial

from long import long_trace
from machine import percentiles

PAGES = [
    "/map?range=1h",
    "/map?range=24h",
    "/traces?range=1h",
    "/traces?range=24h&f=service%3D{service}",
    "/traces?range=24h&f=status%3Derror",
    "/traces/{trace}",
    "/invocations?range=1h",
    "/invocations?range=24h",
    "/functions?range=24h",
    "/functions/{function}?range=24h",
    "/cold-starts?range=24h",
    "/containers?range=24h",
    "/cost?range=24h",
    "/cost?range=7d",
    "/cost/what-if?range=24h",
    "/cost/right-size?range=24h",
    "/sql",
    "/status",
]
SCAN = "SELECT max(duration_ns), min(started_at) FROM spans"
SCANS = 5
FRESH = 30
PATIENCE = 60
REST = 1_800
TICKS = os.sysconf("SC_CLK_TCK")


def get(url, data=None, headers=None, timeout=PATIENCE):
    request = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def timed(url, repeat, data=None, headers=None, name=None):
    """Milliseconds: the first time, and the median of all."""
    times, status, size = [], 0, 0
    for _ in range(repeat):
        started = time.perf_counter()
        status, body = get(url, data, headers)
        times.append((time.perf_counter() - started) * 1e3)
        size = len(body)
    return {"what": name or url, "status": status, "bytes": size, "first_ms": times[0], "median_ms": percentiles(times)["p50"]}


class Server:
    """A coldlight on free loopback ports."""

    def __init__(self, programs, data, *more):
        started = time.perf_counter()
        here = "127.0.0.1:0"
        words = ["serve", "--data", str(data), "--http", here, "--otlp-http", here, "--otlp-grpc", here, "--log", "warn", *more]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COLDLIGHT_")}
        self.process = subprocess.Popen([programs / "coldlight", *words], stdout=subprocess.PIPE, text=True, env=environment)
        addresses = {}
        for line in self.process.stdout:
            match line.split():
                case ["listening", name, address]:
                    addresses[name] = f"http://{address}"
                case ["open", _]:
                    break
        if "http" not in addresses:
            raise RuntimeError(f"coldlight ended while starting: {self.process.wait()}")
        # Whatever else it says must not fill the pipe.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.http, self.otlp, self.grpc = addresses["http"], addresses["otlp-http"], addresses["otlp-grpc"]
        while get(self.http + "/readyz")[0] != 200:
            time.sleep(0.005)
        self.ready_ms = (time.perf_counter() - started) * 1e3

    def sql(self, question):
        body = json.dumps({"sql": question}).encode()
        status, answer = get(self.http + "/api/v1/sql", body, {"Content-Type": "application/json"})
        if status != 200:
            raise RuntimeError(f"{question}: {answer.decode()}")
        return json.loads(answer)["rows"]

    def rest(self):
        """Waits until it has nothing more to do: what came is rolled up, and costs are computed."""
        done, since = None, time.perf_counter()
        while (now := self.processor_s()) != done:
            if time.perf_counter() - since > REST:
                raise RuntimeError("the server finds no rest")
            done = now
            time.sleep(2)

    def processor_s(self):
        """Its processor time, in tenths of a second."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) * 10 // TICKS

    def end(self, how):
        """Milliseconds until it has ended."""
        started = time.perf_counter()
        self.process.send_signal(how)
        self.process.wait(timeout=PATIENCE)
        return (time.perf_counter() - started) * 1e3


def ours(programs, data, repeat):
    server = Server(programs, data)
    found = {"start_ms": server.ready_ms, "spans": server.sql("SELECT count(*) FROM spans")[0][0]}
    # What is left to roll up after a load at full speed would be measured with every page.
    server.rest()
    known = server.sql(
        "SELECT any_value(service), any_value(trace_id), (SELECT any_value(function) FROM invocations) FROM (FROM spans LIMIT 1000)"
    )[0]
    words = dict(zip(("service", "trace", "function"), known))
    words["fn"] = words["function"]
    examples = json.loads(get(server.http + "/api/v1/sql/examples")[1])["examples"]
    scans = []

    def beside(questions):
        """Each between two scans: the machine is not equally quick from minute to minute."""
        for question in questions:
            before = scans[-1] if scans else scanned(server)
            answered = question()
            scans.append(scanned(server))
            yield {**answered, "scan_ms": percentiles(before + scans[-1])["p50"]}

    found["pages"] = list(beside(partial(timed, server.http + one.format(**words), repeat, name=one) for one in PAGES))
    found["api"] = list(beside(partial(timed, server.http + one.format(**words), repeat, name=one) for one in api(server, words)))
    found["examples"] = list(beside(partial(asked, server, one["sql"], repeat, one["name"]) for one in examples))
    found["scan_ms"] = percentiles([one for scan in scans for one in scan])
    found["fresh_ms"] = freshness(server)
    found["long_trace"] = long_trace(server, get)
    server.end(signal.SIGKILL)
    server = Server(programs, data)
    found["start_after_kill_ms"] = server.ready_ms
    found["end_ms"] = server.end(signal.SIGTERM)
    return found


def scanned(server):
    """Milliseconds of a few full scans of two columns."""
    return [asked(server, SCAN, 1, "scan")["first_ms"] for _ in range(SCANS)]


def asked(server, question, repeat, name):
    body = json.dumps({"sql": question}).encode()
    return timed(server.http + "/api/v1/sql", repeat, body, {"Content-Type": "application/json"}, name)


def api(server, words):
    """Every GET of the API that needs nothing but a range and what `words` has, from its own description; no streams."""
    described = json.loads(get(server.http + "/api/v1/openapi.json")[1])
    asked = []
    for path, methods in described["paths"].items():
        if "get" not in methods or "{" in path or "text/event-stream" in json.dumps(methods["get"]):
            continue
        needed = [one["name"] for one in methods["get"].get("parameters", []) if one.get("required")]
        if all(name in words for name in needed):
            asked.append(f"{path}?range=24h" + "".join(f"&{name}={{{name}}}" for name in needed))
    return asked


def freshness(server):
    """Milliseconds from the acknowledgement of a span until its trace is found."""
    times = []
    for _ in range(FRESH):
        trace, now = uuid.uuid4().hex, time.time_ns()
        span = {"traceId": trace, "spanId": trace[:16], "name": "fresh", "kind": 2, "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1)}
        body = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [span]}]}]}
        status, told = get(server.otlp + "/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"})
        if status != 200:
            raise RuntimeError(told.decode())
        acknowledged = time.perf_counter()
        while get(f"{server.http}/api/v1/traces/{trace}")[0] != 200:
            if time.perf_counter() - acknowledged > PATIENCE:
                raise RuntimeError("an acknowledged span did not become visible")
            time.sleep(0.002)
        times.append((time.perf_counter() - acknowledged) * 1e3)
    return percentiles(times)
