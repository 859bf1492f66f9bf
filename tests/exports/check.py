"""Exports traces in every format, and asks the programs that read these whether they can.

    check.py --packages SITE_PACKAGES --modules NODE_MODULES --tool CARGO_TRACE --out DIRECTORY [--sound] TRACE...

Of each export: the other side's own parser reads it to the end, and has no complaint. With `--sound`, for
traces from which nothing is missing, it also counts: what it finds of each name, and how long that took
together, is what `cargo trace report` says. `ci/exports` runs this.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time

import go_tool
from engine import Engine

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


def differs(what, found, expected):
    """Whether two mappings differ; tells where."""
    different = [
        f"{name!r}: found {found.get(name)}, expected {expected.get(name)}"
        for name in sorted(set(found) | set(expected), key=str)
        if found.get(name) != expected.get(name)
    ]
    if different:
        failures.append(f"{what}: " + "; ".join(different[:5]))
    return bool(different)


def report_of(trace):
    """What `cargo trace report` says."""
    run = subprocess.run([options.tool, "report", "--json", trace], check=True, capture_output=True)
    return json.loads(run.stdout)


def export(trace, target, file):
    run = subprocess.run(
        [options.tool, "export", trace, "--to", target, "-o", file], capture_output=True, text=True
    )
    if run.returncode != 0 or not os.path.exists(file):
        failures.append(f"{file}: {run.stderr.strip()}")
        return False
    return True


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


def check_perfetto(file, report, name):
    """Perfetto's own trace_processor: of both of its formats."""
    with Engine(options.packages, file) as engine:
        complaints = engine.query(
            "select name, value from stats where severity in ('error', 'data_loss') and value > 0"
        )
        for row in complaints:
            failures.append(f"{file}: trace_processor counts {row['value']} {row['name']}")
        [slices] = engine.query("select count(*) n from slice")
        if not options.sound:
            return f"{slices['n']} slices"
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
            failures.append(f"{file}: no arrows")
        return f"{slices['n']} slices, {flows['n']} arrows, as the report counts"


def check_go(file, report, name):
    """Go's own parser, and the pages of `go tool trace`."""
    events = go_tool.parsed(options.packages, file)
    found = collections.Counter(kind for kind, _ in events)
    if not options.sound:
        return f"{sum(found.values())} events"
    began = collections.Counter(name for kind, name in events if kind == "RegionBegin")
    expected = collections.Counter()
    task_types = {row["name"] for row in report["tasks"]}
    for row in report["regions"]:
        expected[row["name"]] += row["count"] + row["open"]
    for row in report["futures"]:
        if row["name"] not in task_types:
            expected[row["name"]] += row["began"]
    differs(f"{file}, regions", began, expected)
    tasks = collections.Counter(name for kind, name in events if kind == "TaskBegin")
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
    return f"{sum(found.values())} events as the report counts, {read} pages"


STACK = re.compile(r"[^;\n\x00-\x1f\x7f]+(;[^;\n\x00-\x1f\x7f]+)* \d+")


def check_collapsed(file, report, name):
    """The grammar that all flame graph programs have in common."""
    with open(file, encoding="utf-8", newline="\n") as lines:
        lines = lines.read().split("\n")
    if lines.pop() != "":
        failures.append(f"{file}: the last line has no end")
    own = collections.Counter()
    for line in lines:
        if not STACK.fullmatch(line):
            failures.append(f"{file}: not a stack and a number: {line[:200]!r}")
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
    run = subprocess.run(
        ["node", os.path.join(HERE, "schema.cjs"), options.modules, schema, file],
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        failures.append(f"{file}: {run.stdout.strip()[:500]}{run.stderr.strip()[:500]}")
    with open(file, encoding="utf-8") as text:
        profile = json.load(text)
    frames = profile["shared"]["frames"]
    opened = collections.Counter()
    for thread in profile["profiles"]:
        stack, last = [], thread["startValue"]
        for event in thread["events"]:
            if event["at"] < last:
                failures.append(f"{file}: time goes back in {thread['name']!r}")
                break
            last = event["at"]
            if event["type"] == "O":
                stack.append(event["frame"])
                opened[frames[event["frame"]]["name"]] += 1
            elif not stack or stack.pop() != event["frame"]:
                failures.append(f"{file}: what ends in {thread['name']!r} did not begin last")
                break
        if stack or last > thread["endValue"]:
            failures.append(f"{file}: {thread['name']!r} has no end")
    return f"{len(profile['profiles'])} profiles, {sum(opened.values())} frames"


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
    report = report_of(trace)
    for target, suffix in TARGETS.items():
        file = os.path.join(options.out, f"{name}.{suffix}")
        began, before = time.monotonic(), len(failures)
        told = ""
        if export(trace, target, file):
            try:
                told = CHECKS[target](file, report, name)
            except (ValueError, OSError, KeyError, subprocess.SubprocessError) as error:
                failures.append(f"{file}: {error}")
        passed = len(failures) == before
        checks[passed] += 1
        verdict = "ok" if passed else "FAILED"
        print(f"{verdict:6} {name} as {target}: {told} ({time.monotonic() - began:.1f} s)", flush=True)

for failure in failures:
    print(failure, file=sys.stderr)
print(f"{checks[True]} passed, {checks[False]} failed")
sys.exit(bool(failures))
