"""Exports traces in every format, and asks the programs that read these whether they can.

    check.py --packages SITE_PACKAGES --modules NODE_MODULES --tool CARGO_TRACE --out DIRECTORY [--sound] TRACE...

Of each export: the other side's own parser reads it to the end, and has no complaint. What it counts is compared with
what `cargo trace report` says. With `--sound`, for traces from which nothing is missing:

| target | how many | for how long together |
|---|---|---|
| perfetto, chrome | regions, tasks, futures, logs | regions, tasks, futures |
| go | regions, tasks | regions |
| collapsed | | in regions and in nothing inside |
| speedscope | regions with polls | regions |

of each name. Times of names that futures have as well are left out of the last three: frames and goroutines have
polls and futures where the report has two tables. Of other traces Perfetto counts regions that are open, and
regions whose end was lost. `ci/exports` runs this.
"""

import argparse
import collections
import json
import os
import re
import sys
import time

import go_tool
from engine import Engine
from processes import run

TARGETS = {"perfetto": "pftrace", "chrome": "json", "go": "gotrace", "collapsed": "txt", "speedscope": "speedscope.json"}
HERE = os.path.dirname(os.path.abspath(__file__))

arguments = argparse.ArgumentParser()
arguments.add_argument("--packages", required=True)
arguments.add_argument("--modules", required=True)
arguments.add_argument("--tool", required=True)
arguments.add_argument("--out", required=True)
arguments.add_argument("--sound", action="store_true")
arguments.add_argument("traces", nargs="+")
options = arguments.parse_args()

failures = []


def fail(message):
    failures.append(message)
    print(message, file=sys.stderr, flush=True)


def differs(what, found, expected):
    """Whether two mappings differ; tells where."""
    different = [
        f"{name!r}: found {found.get(name)}, expected {expected.get(name)}"
        for name in sorted(set(found) | set(expected), key=str)
        if found.get(name) != expected.get(name)
    ]
    if different:
        fail(f"{what}: " + "; ".join(different[:5]))
    return bool(different)


def report_of(trace):
    """What `cargo trace report` says."""
    report = run([options.tool, "report", "--json", trace])
    if report.returncode != 0:
        raise ValueError(f"no report: {report.stderr.strip()[:500]}")
    return json.loads(report.stdout)


def export(trace, target, file):
    # One of an earlier time would pass for this one.
    if os.path.exists(file):
        os.remove(file)
    exported = run([options.tool, "export", trace, "--to", target, "-o", file])
    if exported.returncode != 0 or not os.path.exists(file):
        raise ValueError(f"no export: {exported.stderr.strip()[:500]}")


def plain_times(report):
    """For how long regions took together, of names that no future has."""
    futures = {row["name"] for row in report["futures"]}
    return {name: total for name, (_, total) in ended(report["regions"]).items() if name not in futures}


def ended(rows):
    """What has ended, by name: how many, and for how long together."""
    return {row["name"]: (row["count"], row["total_ns"]) for row in rows if row["count"] > 0}


# Arguments of slices that are no regions of their own, or whose ends nobody saw.
SLICES = """
    select s.name, s.category,
        sum(not exists (select 1 from args a where a.arg_set_id = s.arg_set_id and a.key glob '*rest')) n,
        sum(s.dur) total
    from slice s
    where s.dur >= 0 and (s.category = 'region' or s.category in ('task', 'future') and s.depth = 0)
        and not exists (select 1 from args a where a.arg_set_id = s.arg_set_id and a.key glob '*lost')
    group by 1, 2
"""

# Regions that have no end, whole or the rest of one; and those whose end nobody saw.
UNENDED = """
    select s.name, sum(s.dur < 0) open, sum(s.dur >= 0 and
        exists (select 1 from args a where a.arg_set_id = s.arg_set_id and a.key glob '*lost')) end_lost
    from slice s
    where s.category = 'region'
    group by 1
"""


# Odd traces of which trace_processor does not count what the report does, and why.
UNCOUNTED = {"deep": "it gives no end to slices that more than 512 others are around"}


def check_perfetto(file, report, name):
    """Perfetto's own trace_processor: of both of its formats."""
    with Engine(options.packages, file) as engine:
        complaints = engine.query(
            "select name, value from stats where severity in ('error', 'data_loss') and value > 0"
        )
        for row in complaints:
            fail(f"{file}: trace_processor counts {row['value']} {row['name']}")
        [slices] = engine.query("select count(*) n from slice")
        if name in UNCOUNTED:
            return f"{slices['n']} slices; not compared: {UNCOUNTED[name]}"
        rows = engine.query(UNENDED)
        for fate in ("open", "end_lost"):
            found = {row["name"]: row[fate] for row in rows if row[fate] > 0}
            expected = {row["name"]: row[fate] for row in report["regions"] if row[fate] > 0}
            differs(f"{file}, {fate}", found, expected)
        if not options.sound:
            return f"{slices['n']} slices, of which as many are open and lost as the report counts"
        rows = engine.query(SLICES)
        for category, table in [("region", "regions"), ("task", "tasks"), ("future", "futures")]:
            expected = ended(report[table])
            found = {row["name"]: (row["n"], row["total"]) for row in rows if row["category"] == category}
            if file.endswith(".json") and category != "region":
                # JSON has one category for all that is in the rows of a task.
                found = {name: found[name] for name in expected if name in found}
            differs(f"{file}, {table}", found, expected)
        [logs] = engine.query("select count(*) n from slice where category = 'log' and dur = 0")
        expected = sum(row["count"] for row in report["logs"])
        differs(f"{file}, logs", {"all": logs["n"]}, {"all": expected})
        [flows] = engine.query("select count(*) n from flow")
        if report["tasks"] and flows["n"] == 0:
            fail(f"{file}: no arrows")
        return f"{slices['n']} slices, {flows['n']} arrows, as the report counts"


def check_go(file, report, name):
    """Go's own parser, and the pages of `go tool trace`."""
    events = go_tool.parsed(options.packages, file)
    if not options.sound:
        return f"{len(events)} events"
    began = collections.Counter(event.name for event in events if event.kind == "RegionBegin")
    expected = collections.Counter()
    task_types = {row["name"] for row in report["tasks"]}
    for row in report["regions"]:
        expected[row["name"]] += row["count"] + row["open"]
    for row in report["futures"]:
        if row["name"] not in task_types:
            expected[row["name"]] += row["began"]
    differs(f"{file}, regions", began, expected)
    times = go_tool.durations(events)
    for name, expected in plain_times(report).items():
        least, most = times.get(name, (0, 0))
        if not least <= expected <= most:
            fail(f"{file}, times: {name!r}: found {least} to {most} ns, expected {expected}")
    tasks = collections.Counter(event.name for event in events if event.kind == "TaskBegin")
    expected = collections.Counter({row["name"]: row["count"] + row["open"] for row in report["tasks"]})
    differs(f"{file}, tasks", tasks, expected)
    pages = go_tool.Pages(options.packages, file)
    try:
        # Without a name: what belongs to no task, and goroutines that began within a region. So it is for
        # programs in Go.
        for page, numbers in [("/usertasks", expected), ("/userregions", began)]:
            shown = pages.counts(page)
            shown.pop("", None)
            differs(f"{file}, {page}", shown, dict(numbers))
        read = pages.read_all(list(expected)[:3], list(began)[:3])
    finally:
        pages.close()
    return f"{len(events)} events as the report counts, {read} pages"


STACK = re.compile(r"[^;\n\x00-\x1f\x7f]+(;[^;\n\x00-\x1f\x7f]+)* \d+")


def check_collapsed(file, report, name):
    """The grammar that all flame graph programs have in common."""
    with open(file, encoding="utf-8", newline="\n") as lines:
        lines = lines.read().split("\n")
    if lines.pop() != "":
        fail(f"{file}: the last line has no end")
    own = collections.Counter()
    for line in lines:
        if not STACK.fullmatch(line):
            fail(f"{file}: not a stack and a number: {line[:200]!r}")
            break
        stack, _, ns = line.rpartition(" ")
        own[stack.rpartition(";")[2]] += int(ns)
    if options.sound:
        # Polls are frames as well, and what is open has its time up to the end.
        futures = {row["name"] for row in report["futures"]}
        rows = [row for row in report["regions"] if not row["open"] and row["name"] not in futures]
        expected = {row["name"]: row["self_ns"] for row in rows if row["self_ns"] > 0}
        differs(f"{file}, self", {name: own[name] for name in expected}, expected)
    return f"{len(lines)} stacks"


def check_speedscope(file, report, name):
    """speedscope's JSON schema, and the rules that it does not tell."""
    schema = os.path.join(options.modules, "speedscope", "dist", "release", "file-format-schema.json")
    verdict = run(["node", os.path.join(HERE, "schema.cjs"), options.modules, schema, file])
    if verdict.returncode != 0:
        fail(f"{file}: {verdict.stdout.strip()[:500]}{verdict.stderr.strip()[:500]}")
    with open(file, encoding="utf-8") as text:
        profile = json.load(text)
    frames = profile["shared"]["frames"]
    opened, times = collections.Counter(), collections.Counter()
    for thread in profile["profiles"]:
        stack, last = [], thread["startValue"]
        for event in thread["events"]:
            if event["at"] < last:
                fail(f"{file}: time goes back in {thread['name']!r}")
                break
            last = event["at"]
            name = frames[event["frame"]]["name"]
            if event["type"] == "O":
                stack.append(event)
                opened[name] += 1
            elif not stack or stack[-1]["frame"] != event["frame"]:
                fail(f"{file}: what ends in {thread['name']!r} did not begin last")
                break
            else:
                times[name] += event["at"] - stack.pop()["at"]
        if stack or last > thread["endValue"]:
            fail(f"{file}: {thread['name']!r} has no end")
    told = f"{len(profile['profiles'])} profiles, {sum(opened.values())} frames"
    if not options.sound:
        return told
    expected = collections.Counter()
    for row in report["regions"]:
        expected[row["name"]] += row["count"] + row["open"]
    for row in report["futures"]:
        expected[row["name"]] += row["polls"]
    differs(f"{file}, frames", opened, expected)
    # What is open ends where its thread does.
    unended = {row["name"] for row in report["regions"] if row["open"]}
    expected = {name: total for name, total in plain_times(report).items() if name not in unended}
    differs(f"{file}, times", {name: times[name] for name in expected}, expected)
    return f"{told} as the report counts"


CHECKS = {
    "perfetto": check_perfetto,
    "chrome": check_perfetto,
    "go": check_go,
    "collapsed": check_collapsed,
    "speedscope": check_speedscope,
}

os.makedirs(options.out, exist_ok=True)
checks = collections.Counter()
for trace in options.traces:
    name = os.path.basename(trace).removesuffix(".trace")
    report = None
    for target, suffix in TARGETS.items():
        file = os.path.join(options.out, f"{name}.{suffix}")
        began, before = time.monotonic(), len(failures)
        told = ""
        # Whatever is wrong with one, the others are looked at.
        try:
            export(trace, target, file)
            report = report or report_of(trace)
            told = CHECKS[target](file, report, name)
        except Exception as error:
            fail(f"{file}: {type(error).__name__}: {error}")
        passed = len(failures) == before
        checks[passed] += 1
        verdict = "ok" if passed else "FAILED"
        print(f"{verdict:6} {name} as {target}: {told} ({time.monotonic() - began:.1f} s)", flush=True)

print(f"{checks[True]} passed, {checks[False]} failed")
sys.exit(bool(failures))
