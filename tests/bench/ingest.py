"""What a span costs on its way in: bare, ours, and a peer's."""

import json
import re
import subprocess

# As the benches print them: name, microseconds a span.
LINE = re.compile(r"^(?P<name>\S.*?|  .*?)\s+(?P<value>[0-9.]+) (?P<unit>µs|B) per span", re.MULTILINE)


def load(programs, *words):
    told = subprocess.run([programs / "coldlight-load", "--json", *map(str, words)], check=True, capture_output=True, text=True)
    return json.loads(told.stdout)


def bare_insert(cargo):
    """Prepared columns into the same tables and nothing else, in µs a span, alone and with every core at it, and the steps around it."""
    told = cargo("bench", "--workspace", "--bench", "insert")
    steps = [(found["name"].strip(), float(found["value"]), found["unit"]) for found in LINE.finditer(told)]
    bare = [value for name, value, unit in steps if name.startswith("bare bulk insert") and unit == "µs"]
    if len(bare) < 2:
        raise RuntimeError(f"the bench of inserts printed no bare insert:\n{told}")
    return {"us_per_span": bare[0], "busy_us_per_span": bare[1], "steps": steps}


def ours(programs, folder, spans):
    """As fast as acknowledged over both protocols, then at half of what was written, for times of acknowledgement."""
    grpc = load(programs, "--spans", spans, "--protocol", "grpc", "--bare", "--data", folder / "grpc")
    http = load(programs, "--spans", spans, "--protocol", "http", "--data", folder / "http")
    half = max(1_000, int((grpc["written_spans_per_s"] or 2_000) / 2))
    paced = load(programs, "--spans", max(10_000, min(spans // 4, half * 30)), "--rate", half, "--data", folder / "half")
    return {"grpc": grpc, "http": http, "half": {**paced, "rate": half}}


def peer(programs, given):
    words = ["--spans", given.spans, "--protocol", given.peer_protocol, "--url", given.peer_otlp]
    if given.peer_pid:
        words += ["--pid", given.peer_pid]
    return load(programs, *words)
