"""Asks `go tool trace`: for the events that its parser finds, and for the pages that it shows.

Go is here as a package of Python. The tool is compiled once, which takes most of a minute.
"""

import collections
import html
import http.client
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from processes import Group, run

# Strings are quoted as Go does.
EVENT = re.compile(r'^M=\S+ P=\S+ G=(\S+) (\w+) Time=(\d+)(?: .*?(?:Type|Category)=("(?:[^"\\]|\\.)*"))?', re.MULTILINE)
# A row of the tables of tasks and regions: what it is about, and the link behind its number.
ROW = re.compile(r'<td>(.*?)</td>\s*<td><a href="(/user(?:task|region)\?[^"]*)">(\d+)</a></td>', re.DOTALL)
PATIENCE_S = 60


def environment(packages):
    root = os.path.join(packages, "go")
    home = os.path.join(packages, "go-home")
    return {
        **os.environ,
        "GOROOT": root,
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOFLAGS": "-mod=mod",
        "GOPATH": home,
        "GOCACHE": os.path.join(home, "cache"),
    }


def go(packages):
    return os.path.join(packages, "go", "bin", "go")


Event = collections.namedtuple("Event", "kind name goroutine time")
ABOUT = {"TaskBegin", "TaskEnd", "RegionBegin", "RegionEnd", "Log"}


def parsed(packages, file):
    """All events, in the order that Go finds. Raises ValueError unless Go reads the file to its end."""
    tool = run([go(packages), "tool", "trace", "-d=parsed", file], env=environment(packages))
    if tool.returncode != 0:
        raise ValueError(f"Go does not read it: {tool.stderr.strip()[-300:]}")
    return [
        Event(kind, unquoted(name) if kind in ABOUT else "", goroutine, int(time))
        for goroutine, kind, time, name in EVENT.findall(tool.stdout)
    ]


def durations(events):
    """For how long the regions of each name were open together: at least, and at most.

    Go gives every event a time of its own: one that is not behind the one before is a nanosecond behind it. So
    an event that stands right behind others may have been as much earlier as these are many.
    """
    least, most = collections.Counter(), collections.Counter()
    opened = collections.defaultdict(list)
    last, crowd = 0, 0
    for event in events:
        crowd = crowd + 1 if event.time == last + 1 else 0
        last = event.time
        if event.kind == "RegionBegin":
            opened[event.goroutine].append((event.time, crowd))
        elif event.kind == "RegionEnd" and opened[event.goroutine]:
            time, crowd_then = opened[event.goroutine].pop()
            least[event.name] += event.time - crowd - time
            most[event.name] += event.time - (time - crowd_then)
    return {name: (least[name], most[name]) for name in most}


ESCAPE = re.compile(r'\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)')
PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquoted(text):
    """A string that Go has quoted."""

    def character(match):
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        return PLAIN.get(escape, escape)

    return ESCAPE.sub(character, text[1:-1])


class Pages:
    """`go tool trace` as a server on this machine."""

    def __init__(self, packages, file):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        # Neither a browser, nor what Go says about not finding one. It starts the tool as a child.
        self.group = Group(
            [go(packages), "tool", "trace", f"-http=127.0.0.1:{port}", file],
            env={**environment(packages), "BROWSER": "true", "PATH": "/nonexistent"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self.wait()
        except BaseException:
            self.close()
            raise

    def wait(self):
        """Until there is an answer."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.get("/")
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() > until or self.group.has_ended():
                    raise ValueError(f"`go tool trace` does not answer: {error}") from None
                time.sleep(0.1)

    def get(self, path):
        with urllib.request.urlopen(self.address + path, timeout=PATIENCE_S) as response:
            return response.read().decode("utf-8", "replace")

    def rows(self, path):
        """What a page has a row for, the page behind it, and its number."""
        rows = []
        for about, link, number in ROW.findall(self.get(path)):
            link = html.unescape(link)
            [name] = urllib.parse.parse_qs(urllib.parse.urlparse(link).query, keep_blank_values=True)["type"]
            rows.append((name, link, int(number)))
        return rows

    def counts(self, path):
        """How many of each name a page shows. Go has a row for each place in the source."""
        counts = {}
        for name, _, number in self.rows(path):
            counts[name] = counts.get(name, 0) + number
        return counts

    def read_all(self, tasks, regions):
        """Opens the other pages. Raises ValueError where one has nothing to show."""
        pages = ["/", "/goroutines", "/usertasks", "/userregions", "/io", "/block", "/syscall", "/sched", "/mmu"]
        pages += [link for name, link, _ in self.rows("/usertasks") if name in tasks]
        pages += [link for name, link, _ in self.rows("/userregions") if name in regions]
        goroutines = self.get("/goroutines")
        pages += [html.unescape(link) for link in re.findall(r'href="(/goroutine\?[^"]*)"', goroutines)][:5]
        for page in pages:
            text = self.get(page) if page not in ("/io", "/block", "/syscall", "/sched") else self.raw(page)
            if not text:
                raise ValueError(f"{page} is empty")
        for view in ("proc", "thread"):
            events = json.loads(self.get(f"/jsontrace?view={view}"))["traceEvents"]
            if not any(event.get("ph") == "X" for event in events):
                raise ValueError(f"the timeline by {view} has no slices")
        return len(pages) + 2

    def raw(self, page):
        """A profile: its picture would need a program that is not here."""
        with urllib.request.urlopen(f"{self.address}{page}?raw=1", timeout=PATIENCE_S) as response:
            return response.read()

    def close(self):
        # With the tool that it started, which would go on alone.
        self.group.end()
