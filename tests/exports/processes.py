"""Other people's programs, with all that they start, and an end to patience with them."""

import contextlib
import os
import signal
import subprocess
import time

PATIENCE_S = 300


class Group:
    """A program in a process group of its own, which ends with it."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, start_new_session=True, **options)

    def has_ended(self):
        """Whether the program has ended. Its number stays its own, and its group's, until `end`."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return self.process.returncode is not None or os.waitid(os.P_PID, self.process.pid, flags) is not None

    def end(self):
        """Ends the program if it has not ended, and whatever it started and left behind."""
        if self.process.returncode is not None:
            return
        self.signal(signal.SIGTERM)
        until = time.monotonic() + 5
        while not self.has_ended() and time.monotonic() < until:
            time.sleep(0.02)
        self.signal(signal.SIGKILL)
        self.process.wait()

    def signal(self, number):
        # Of a group in which all have ended some systems say that nobody may.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def run(command, **options):
    """Runs a program to its end, and returns what it wrote, as text. Raises ValueError when it takes too long."""
    group = Group(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        **options,
    )
    try:
        out, err = group.process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise ValueError(f"{command[0]} does not end within {PATIENCE_S} s") from None
    finally:
        group.end()
    return subprocess.CompletedProcess(command, group.process.returncode, out, err)
