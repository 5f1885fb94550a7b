"""bench.json as a page to read: tables, and bars drawn as SVG."""

from html import escape

STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2330; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: 3px 8px; border-bottom: 1px solid #d8dee8 } .r { text-align: right; font-variant-numeric: tabular-nums }
svg { display: block; width: 100%; height: auto } text { font: 12px system-ui, sans-serif; fill: currentColor } .bar { fill: #2f6fde } .peer { fill: #b4562b }
.bad { color: #a3201c; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { color: #dfe5ee; background: #12161d } td, th { border-color: #2b3341 } .bar { fill: #6ea2ff } .bad { color: #ff8f87 } }
"""
LINE = 22
LABEL = 330
WIDTH = 900


def page(found):
    machine = found["machine"]
    parts = [
        "<h1>coldlight, measured</h1>",
        f"<p>{escape(machine['cpu'])}, {machine['cores']} cores, {machine['memory_gib']} GiB, Linux {escape(machine['kernel'])}, "
        f"{escape(machine['file_system'])}; commit {escape(machine['commit'])}, {machine['at']}, {found['spans']:,} spans, {found['seconds']} s. "
        f"Load before: {machine['load_before']:.2f}.</p>",
    ]
    if machine["load_before"] > 0.5:
        parts.append('<p class="bad">The machine was busy when this began: do not quote these figures.</p>')
    for name, was, now in found["worse"]:
        parts.append(f'<p class="bad">Worse: {escape(name)} was {was:.3g}, is {now:.3g}.</p>')
    parts += [ingest(found), acknowledged(found)]
    reads = found["reads"]
    for title, kind in [("Pages", "pages"), ("API", "api"), ("Examples in SQL", "examples")]:
        parts.append(section(f"{title}, median in ms", bars([(one["what"], one["median_ms"], said(one)) for one in reads[kind]])))
    parts.append(section("Questions to the peer, median in ms", bars(peers(found))) if found.get("peer_reads") else "")
    parts.append(large(found["large"]) if "large" in found else "")
    rows = [(name, short_number(value)) for name, value in found["ratios"].items()]
    parts.append(section("Ratios to the bare limit", table(("ratio", "value"), rows)))
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>coldlight, measured</title><style>{STYLE}</style>{''.join(parts)}</html>\n"
    )


def large(found):
    facts = [
        ("acknowledged", f"{found['load']['spans_per_s']:,.0f} spans/s for {found['load']['seconds']:.0f} s"),
        ("acknowledged after, p50 / p99", " / ".join(f"{found['load']['ack_ms'][name]:.1f}" for name in ("p50", "p99")) + " ms"),
        ("processor time", f"{found['load']['server_us_per_span']:.2f} µs a span"),
        ("journal at the kill", f"{found['journal_bytes'] / (1 << 20):,.0f} MiB"),
        ("ready after the kill", f"{found['start_after_kill_ms']:.0f} ms, first map {found['first_answer_after_kill_ms']:.0f} ms"),
        ("all written after the kill", f"{found['all_written_after_kill_s']:.1f} s"),
        (f"all {found['invocations']:,} invocations told", f"{found['all_told_after_kill_s']:.1f} s"),
        ("bytes a span on disk", f"{found['bytes_per_span']:.1f}"),
        ("start with everything on disk", f"{found['start_ms']:.0f} ms"),
    ]
    kinds = [("load", "most_memory_bytes"), ("recovery", "most_memory_after_kill_bytes"), ("questions", "most_memory_of_questions_bytes")]
    most = ", ".join(f"{kind} {found[name] >> 20} MiB" for kind, name in kinds)
    facts.append((f"memory, most, of {found['limit']}", most))

    def beside(one):
        target = "–" if one["target_ms"] is None else f"{one['target_ms']:,}"
        return (one["what"], f"{one['first_ms']:,.0f}", f"{one['median_ms']:,.0f}", target, said(one))

    asked = table(("question", "first, ms", "median, ms", "target, ms", ""), [beside(one) for one in found["questions"]])
    return section(f"A store of {found['spans']:,} spans over a day", table(("", ""), facts) + asked)


def short_number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def said(one):
    return "" if one["status"] == 200 else f"status {one['status']}"


def peers(found):
    return [(one["what"], one["median_ms"], said(one)) for one in found["peer_reads"]]


def ingest(found):
    runs = [("gRPC", found["ingest"]["grpc"]), ("HTTP", found["ingest"]["http"])]
    if "peer_ingest" in found:
        runs.append(("peer", found["peer_ingest"]))
    head = ("", "acknowledged/s", "written and visible/s", "µs a span", "memory, most", "B a span on disk")

    def cell(value, form):
        return "–" if value is None else form.format(value)

    rows = [
        (
            name,
            cell(run["spans_per_s"], "{:,.0f}"),
            cell(run["written_spans_per_s"], "{:,.0f}"),
            cell(run["server_us_per_span"], "{:.2f}"),
            cell(run["server_most_resident_bytes"] and run["server_most_resident_bytes"] / (1 << 20), "{:.0f} MiB"),
            cell(run["disk_bytes_per_span"], "{:.1f}"),
        )
        for name, run in runs
    ]
    grpc = found["ingest"]["grpc"]
    limits = [("bare: decode, one core", 1e6 / grpc["bare_decode_spans_per_s"], "")]
    if "bare_insert" in found:
        limits.append(("bare: bulk insert", found["bare_insert"]["us_per_span"], ""))
        limits.append(("bare: bulk insert, every core at it", found["bare_insert"]["busy_us_per_span"], ""))
    limits += [(f"coldlight over {name}", run["server_us_per_span"], "") for name, run in runs if run["server_us_per_span"]]
    return section("Ingest", table(head, rows) + "<p>Processor time, µs a span:</p>" + bars(limits))


def acknowledged(found):
    half, reads = found["ingest"]["half"], found["reads"]
    rows = [
        ("fdatasync of 64 KiB alone", *times(found["fdatasync_ms"])),
        (f"acknowledgement at {half['rate']:,} spans/s", *times(half["ack_ms"])),
    ]
    if "fresh_ms" in reads:
        rows.append(("acknowledged to visible", *times(reads["fresh_ms"])))
    once = [
        (f"start with {reads['spans']:,} spans", f"{reads['start_ms']:.0f} ms"),
        ("start after kill -9", f"{reads['start_after_kill_ms']:.0f} ms"),
        ("end after SIGTERM", f"{reads['end_ms']:.0f} ms"),
        (f"first row of a trace of {reads['long_trace']['spans']:,} spans", f"{reads['long_trace']['first_ms']:.0f} ms"),
        ("and once it was read", f"{reads['long_trace']['again_ms']:.0f} ms"),
        ("full scan of two columns, p50 / p99", " / ".join(f"{reads['scan_ms'][name]:.1f}" for name in ("p50", "p99")) + " ms"),
    ]
    return section("Times", table(("", "p50", "p99", "max"), rows) + table(("", ""), once))


def times(of):
    return tuple(f"{of[name]:.2f} ms" for name in ("p50", "p99", "max"))


def section(title, body):
    return f"<h2>{escape(title)}</h2>{body}"


def table(head, rows):
    def line(cells, kind):
        return "<tr>" + "".join(f'<{kind}{" class=r" if at else ""}>{escape(str(cell))}</{kind}>' for at, cell in enumerate(cells)) + "</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"


def bars(rows):
    """One bar a row, as long as its value is large; the value stands behind it."""
    most = max((value for _, value, _ in rows), default=0) or 1
    room = WIDTH - LABEL - 90
    drawn = []
    for at, (name, value, note) in enumerate(rows):
        y, long = at * LINE, max(1, value / most * room)
        short = name if len(name) <= 52 else name[:51] + "…"
        drawn.append(
            f'<text x="0" y="{y + 15}">{escape(short)}</text><rect class="bar" x="{LABEL}" y="{y + 4}" width="{long:.1f}" height="{LINE - 8}" rx="2"/>'
            f'<text x="{LABEL + long + 6:.1f}" y="{y + 15}">{short_number(value)} {escape(note)}</text>'
        )
    return f'<svg viewBox="0 0 {WIDTH} {len(rows) * LINE}" role="img" aria-label="{len(rows)} bars">{"".join(drawn)}</svg>'
