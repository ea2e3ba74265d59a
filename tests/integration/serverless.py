"""A Spark Connect server that refuses what Databricks' serverless compute does."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pyspark
from cluster import PROJECT, SMALL, environment, free_port, wait_until
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status
from pyspark.sql.connect.client.core import ChannelBuilder
from pyspark.sql.connect.proto import AnalyzePlanRequest, ConfigRequest

SERVICE = "/spark.connect.SparkConnectService/"
_HOME = Path(pyspark.__file__).parent
# https://docs.databricks.com/aws/en/spark/conf: the settings that may be set.
_SETTINGS = {
    "spark.databricks.execution.timeout",
    "spark.sql.legacy.timeParserPolicy",
    "spark.sql.session.timeZone",
    "spark.sql.shuffle.partitions",
    "spark.sql.ansi.enabled",
    "spark.sql.files.maxPartitionBytes",
}
_OPTIONS = ChannelBuilder.GRPC_DEFAULT_OPTIONS
_KEEPING = {"persist", "unpersist", "get_storage_level"}


def refusal(method: str, request: bytes) -> tuple[str, str] | None:
    """The error's condition and message; None where the request is let through."""
    if method == "AnalyzePlan":
        asked = AnalyzePlanRequest.FromString(request).WhichOneof("analyze")
        if asked in _KEEPING:
            message = "PERSIST TABLE is not supported on serverless compute."
            return "NOT_SUPPORTED_WITH_SERVERLESS", message
    if method == "Config":
        refused = _refused_keys(ConfigRequest.FromString(request).operation)
        if refused:
            return "CONFIG_NOT_AVAILABLE", f"Configuration {refused[0]} is not available."
    return None


def _refused_keys(operation: Any) -> list[str]:
    """None of those that Spark's client reads for itself, or sets and wants to hear no error of."""
    kind = operation.WhichOneof("op_type")
    asked = getattr(operation, kind)
    if getattr(asked, "silent", False):
        return []
    keys = [*getattr(asked, "keys", []), *(pair.key for pair in getattr(asked, "pairs", []))]
    is_read = kind.startswith("get")
    readable = ("spark.sql.", "spark.python.")
    return [
        one for one in keys if one not in _SETTINGS and not (is_read and one.startswith(readable))
    ]


class Refusing(grpc.GenericRpcHandler):
    """Passes on what a server is asked for, and refuses some.

    Attributes:
        refused: the condition of each refusal.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self.refused: list[str] = []

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Every call as a stream of bytes, whatever it is."""
        method = details.method.removeprefix(SERVICE)
        onward = self._channel.stream_stream(details.method)

        def answer(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            return self._answer(method, onward, requests, context)

        return grpc.stream_stream_rpc_method_handler(answer)

    def _answer(
        self,
        method: str,
        onward: Callable[..., Any],
        requests: Iterator[bytes],
        context: grpc.ServicerContext,
    ) -> Iterator[bytes]:
        asked = list(requests)
        refused = refusal(method, asked[0]) if asked else None
        if refused is not None:
            self.refused.append(refused[0])
            context.abort_with_status(to_status(_as_status(*refused)))
        call = onward(iter(asked))
        context.add_callback(call.cancel)
        try:
            yield from call
        except grpc.RpcError as error:
            context.set_trailing_metadata(error.trailing_metadata())
            context.abort(error.code(), error.details())


def _as_status(condition: str, message: str) -> Status:
    """As Spark tells of an error of its own."""
    told = ErrorInfo(
        reason="org.apache.spark.sql.AnalysisException",
        domain="org.apache.spark",
        metadata={
            "classes": '["org.apache.spark.sql.AnalysisException"]',
            "errorClass": condition,
            "sqlState": "0A000",
        },
    )
    detail = AnyMessage()
    detail.Pack(told)
    text = f"[{condition}] {message} SQLSTATE: 0A000"
    return Status(code=grpc.StatusCode.INTERNAL.value[0], message=text, details=[detail])


@contextmanager
def serverless_compute(folder: Path) -> Iterator[tuple[str, Refusing]]:
    """Such a server for the time of the block.

    Args:
        folder: for its log.

    Yields:
        What SPARK_REMOTE says, and what refuses.
    """
    folder.mkdir()
    inner, outer = free_port(), free_port()
    own = {
        **SMALL,
        "spark.jars.packages": "",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(inner),
        "spark.driver.extraClassPath": f"{PROJECT}/.jars/*",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    properties = ("--properties-file", str(PROJECT / "conf" / "spark" / "cluster.conf"))
    settings = [text for key, value in own.items() for text in ("--conf", f"{key}={value}")]
    main = ("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal")
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                str(_HOME / "bin" / "spark-submit"),
                "--master",
                "local[2]",
                *properties,
                *settings,
                *main,
            ],
            env=environment() | {"PYSPARK_PYTHON": sys.executable},
            stdout=log,
            stderr=log,
        )
    proxy = grpc.server(ThreadPoolExecutor(32), options=_OPTIONS)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{inner}", options=_OPTIONS) as channel:
            wait_until(lambda: _is_ready(channel), "Connect server")
            refusing = Refusing(channel)
            proxy.add_generic_rpc_handlers((refusing,))
            proxy.add_insecure_port(f"127.0.0.1:{outer}")
            proxy.start()
            yield f"sc://127.0.0.1:{outer}", refusing
            proxy.stop(grace=1).wait()
    finally:
        server.terminate()
        server.wait(timeout=60)


def _is_ready(channel: grpc.Channel) -> bool:
    try:
        grpc.channel_ready_future(channel).result(timeout=1)
    except grpc.FutureTimeoutError:
        return False
    return True
