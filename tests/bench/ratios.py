"""Ours against the bare limit of the same run: what holds when the machine is another. Larger is worse, for every one of them."""

import json

WORSE = 1.2


def of(found):
    grpc, http, half = (found["ingest"][way] for way in ("grpc", "http", "half"))
    decode_us = 1e6 / grpc["bare_decode_spans_per_s"]
    bare_us = decode_us + found.get("bare_insert", {}).get("us_per_span", 0)
    # Without the bench of inserts the limit is another one, so it has another name.
    limit = "decode and bare insert" if "bare_insert" in found else "decode"
    ratios = {
        f"processor time a span over gRPC / {limit}": grpc["server_us_per_span"] / bare_us,
        f"processor time a span over HTTP / {limit}": http["server_us_per_span"] / bare_us,
        "acknowledgement at half load p50 / fdatasync p50": half["ack_ms"]["p50"] / found["fdatasync_ms"]["p50"],
        "bytes a span on disk / on the wire": grpc["disk_bytes_per_span"] / grpc["wire_bytes_per_span"],
    }
    if "bare_insert" in found:
        # Of a machine all of whose cores work, as they do while spans come.
        busy_us = decode_us + found["bare_insert"]["busy_us_per_span"]
        ratios["processor time a span over gRPC / the same with every core at it"] = grpc["server_us_per_span"] / busy_us
        ratios["processor time a span over HTTP / the same with every core at it"] = http["server_us_per_span"] / busy_us
    for kind in ("pages", "api", "examples"):
        for one in found["reads"][kind]:
            if one["status"] == 200:
                ratios[f"{one['what']} / full scan"] = one["median_ms"] / one["scan_ms"]
    return ratios


def worse(now, kept):
    """Name, then and now of each ratio that grew by more than a fifth; what is new or gone is no regression."""
    then = json.loads(kept.read_text()) if kept.exists() else {}
    return [(name, was, now[name]) for name, was in then.items() if name in now and now[name] > was * WORSE]
