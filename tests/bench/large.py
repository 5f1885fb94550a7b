"""A store of many spans over a day: how it is filled, what a crash in the middle costs, and what each question takes beside its target."""

import re
import signal
import subprocess
import time
import urllib.parse

from ingest import load
from machine import percentiles
from reads import Server, asked, get, timed

DAY_S = 86_400
# Of the last spans in the journal, and of the invocations they tell of.
PATIENCE_S = 1_800
SAMPLES = 20
COSTS = """SELECT "function", date_trunc('day', minute), sum(cost_usd - calls_cost_usd) FROM costs WHERE made_by = 'function' GROUP BY ALL"""
OF_INVOCATIONS = """SELECT "function", date_trunc('day', started_at), sum(cost_usd) FROM invocations GROUP BY ALL"""


def large(programs, folder, spans, limit, repeat):
    """Fills a new store under a memory limit, kills it when the last span is acknowledged, and asks when everything is there."""
    server = Server(programs, folder, "--memory-limit", limit)
    words = ["--spans", spans, "--over", DAY_S, "--url", server.grpc, "--pid", server.process.pid]
    loaded = load(programs, *words)
    found = {"spans": spans, "limit": limit, "load": loaded, "journal_bytes": metric(server, "coldlight_journal_bytes")}
    found["most_memory_bytes"] = most_memory(server)
    server.end(signal.SIGKILL)

    started = time.perf_counter()
    server = Server(programs, folder, "--memory-limit", limit)
    found["start_after_kill_ms"] = server.ready_ms
    found["first_answer_after_kill_ms"] = timed(server.http + "/api/v1/map?range=1h", 1)["first_ms"]
    while (count := server.sql("SELECT count(*) FROM spans")[0][0]) < spans:
        if time.perf_counter() - started > PATIENCE_S:
            raise RuntimeError(f"{count} of {spans} spans are there")
        time.sleep(0.5)
    found["all_written_after_kill_s"] = time.perf_counter() - started
    wanted = server.sql("SELECT count(DISTINCT invocation_id) FROM spans")[0][0]
    while server.sql("SELECT count(*) FROM invocations")[0][0] < wanted:
        if time.perf_counter() - started > PATIENCE_S:
            raise RuntimeError("not all invocations were told of")
        time.sleep(2)
    found["all_told_after_kill_s"], found["invocations"] = time.perf_counter() - started, wanted
    found["most_memory_after_kill_bytes"] = most_memory(server)
    found["end_ms"] = server.end(signal.SIGTERM)

    server = Server(programs, folder, "--memory-limit", limit)
    found["start_ms"] = server.ready_ms
    server.rest()
    found["bytes_per_span"] = (folder / "coldlight.duckdb").stat().st_size / spans
    found["questions"] = questions(server, spans, repeat)
    found["most_memory_of_questions_bytes"] = most_memory(server)
    server.end(signal.SIGTERM)
    return found


def questions(server, spans, repeat):
    """Each with its target in ms, where there is one for so many spans."""
    step = max(1, spans // SAMPLES)
    picked = [server.sql(f"SELECT trace_id, service, attributes['aws.request_id'] FROM spans LIMIT 1 OFFSET {at}")[0] for at in range(7, spans, step)]
    requests = [request for _, _, request in picked if request]
    service = picked[-1][1]

    def page(what, path, target=None):
        return {**timed(server.http + path, repeat, name=what), "target_ms": target}

    def each(what, paths, target=None):
        once = [timed(server.http + path, 1)["first_ms"] for path in paths]
        return {"what": what, "status": 200, "bytes": 0, "first_ms": once[0], "median_ms": percentiles(once)["p50"], "target_ms": target}

    def search(line, span):
        return f"/api/v1/traces?range={span}&f={urllib.parse.quote(line)}"

    few = spans <= 20_000_000
    return [
        each("a trace by its id, each asked once", [f"/api/v1/traces/{trace}" for trace, _, _ in picked], 15 if few else 50),
        each("a request id to the page of its trace", [f"/go?q={request}" for request in requests]),
        page("search by service and attribute, 1 h", search(f"service:{service} attr.thread.id:5", "1h"), 50),
        page("search by service and attribute, 24 h", search(f"service:{service} attr.thread.id:5", "24h"), 200),
        each("one value of an attribute, 24 h, each asked once", [search(f"attr.aws.request_id:{request}", "24h") for request in requests], 1_000),
        page("a value that is nowhere, 24 h", search("attr.order.id:no-such-order", "24h"), 1_000),
        page("map, API, 1 h", "/api/v1/map?range=1h", 50),
        page("map, API, 24 h", "/api/v1/map?range=24h", 150),
        page("map, page, 1 h", "/map?range=1h"),
        page("map, page, 24 h", "/map?range=24h"),
        page("traces, page, 1 h", "/traces?range=1h"),
        page("heat map, page, 1 h", "/traces?range=1h&view=heat", 500),
        page("heat map, page, 24 h", "/traces?range=24h&view=heat"),
        page("what is different, 1 h", "/api/v1/differences?range=1h&f=status:error&than=status:ok", 500),
        {**asked(server, COSTS, repeat, "cost by function and day, of minutes"), "target_ms": 150},
        {**asked(server, OF_INVOCATIONS, repeat, "cost by function and day, of invocations"), "target_ms": None},
        page("trace page", f"/traces/{picked[0][0]}"),
    ]


def metric(server, name):
    found = re.search(rf"^{name} ([0-9.e+]+)$", get(server.http + "/metrics")[1].decode(), re.MULTILINE)
    return float(found.group(1)) if found else None


def most_memory(server):
    """The most that was resident of the process at any time, in bytes."""
    with open(f"/proc/{server.process.pid}/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
