"""Asks `go tool trace`: for the events that its parser finds, and for the pages that it shows.

Go is here as a package of Python. The tool is compiled once, which takes most of a minute.
"""

import html
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

# Strings are quoted as Go does.
EVENT = re.compile(r'(TaskBegin|TaskEnd|RegionBegin|RegionEnd|Log) Time=\d+ .*?(?:Type|Category)=("(?:[^"\\]|\\.)*")')
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


def parsed(packages, file):
    """The kinds and names of all events. Raises ValueError unless Go reads the file to its end."""
    run = subprocess.run(
        [go(packages), "tool", "trace", "-d=parsed", file],
        env=environment(packages),
        capture_output=True,
        text=True,
        errors="replace",
    )
    if run.returncode != 0:
        raise ValueError(f"Go does not read it: {run.stderr.strip()[-300:]}")
    return [(kind, unquoted(name)) for kind, name in EVENT.findall(run.stdout)]


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
        self.process = subprocess.Popen(
            [go(packages), "tool", "trace", f"-http=127.0.0.1:{port}", file],
            env={**environment(packages), "BROWSER": "true", "PATH": "/nonexistent"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.get("/")
                return
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > until or self.process.poll() is not None:
                    self.close()
                    raise ValueError("`go tool trace` does not answer") from None
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
        # With the tool that it started: both are in a session of their own.
        if self.process.poll() is None:
            os.killpg(self.process.pid, 15)
        self.process.wait()
