"""An S3 server on this machine: moto's, in a process of its own.

moto is in the environment of `tests/beside` only, and its imports take a second. The process is this
file, run as a script. It ends when its input is closed, also if the tests are killed. It takes one
JSON object a line, and answers each with one:

| question | answer |
|---|---|
| `{"put": [bucket, key], "text": text, "modified": seconds}` | `{}`; the bucket is made if need be |
| `{"delete": [bucket, key]}` | `{}` |
| `{"requests": true}` | the requests so far, as `["HEAD /bucket/key", …]` |

S3 dates objects by whole seconds, and by its own clock. `modified` sets the date, so that a test
need not wait for the next second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from types import TracebackType
from typing import Any

KEY, SECRET = "testing-key", "testing-secret-never-shown"


class S3Server:
    """The server. It answers while its `with` block is open."""

    def __init__(self) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**kept, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET},
        )  # fmt: skip
        assert self._process.stdout
        started = self._process.stdout.readline()
        assert started, "the S3 server has not started"
        self.endpoint = str(json.loads(started)["endpoint"])

    def __enter__(self) -> S3Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    @property
    def options(self) -> tuple[str, ...]:
        """The options that tell Snakemake where the server is."""
        return ("--storage-s3-endpoint-url", self.endpoint)

    @property
    def env(self) -> dict[str, str]:
        """Variables with the credentials, as boto3 reads them."""
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def put(self, bucket: str, key: str, text: str, modified: float | None = None) -> str:
        """Store an object; its address. It is an hour old if `modified` (seconds) is not given."""
        seconds = time.time() - 3600 if modified is None else modified
        self._ask({"put": [bucket, key], "text": text, "modified": seconds})
        return f"s3://{bucket}/{key}"

    def delete(self, bucket: str, key: str) -> None:
        self._ask({"delete": [bucket, key]})

    @property
    def counts(self) -> Counter[str]:
        """How often each request of others came, as `HEAD /bucket/key`."""
        return Counter(self._ask({"requests": True}))

    def count(self, method: str, key: str = "") -> int:
        """The number of requests of a method whose path ends with a key."""
        found = self.counts.items()
        return sum(n for one, n in found if one.startswith(f"{method} ") and one.endswith(key))

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin and self._process.stdout
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


# --- the process -------------------------------------------------------------------------------


def _serve() -> None:
    """Answer until the input is closed."""
    import logging

    import boto3
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    requests: list[str] = []
    _note_requests(requests)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.meta.events.register("before-send.s3", _mark_as_own)
    print(json.dumps({"endpoint": endpoint}), flush=True)
    for line in sys.stdin:
        print(json.dumps(_do(json.loads(line), client, requests)), flush=True)
    server.stop()


def _note_requests(requests: list[str]) -> None:
    """Note each request that does not come from this process."""
    from urllib.parse import unquote

    from moto.moto_server.werkzeug_app import MotoRequestHandler

    def run(self: Any) -> None:
        if "X-Own" not in self.headers:
            requests.append(f"{self.command} {unquote(self.path.partition('?')[0])}")
        plain(self)

    plain = MotoRequestHandler.run_wsgi
    MotoRequestHandler.run_wsgi = run


def _mark_as_own(request: Any, **_: Any) -> None:
    request.headers["X-Own"] = "1"


def _do(question: dict[str, Any], client: Any, requests: list[str]) -> Any:
    import datetime

    from moto.backends import get_backend

    if "requests" in question:
        return requests
    if "delete" in question:
        bucket, key = question["delete"]
        client.delete_object(Bucket=bucket, Key=key)
        return {}
    bucket, key = question["put"]
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key=key, Body=question["text"].encode())
    stored = get_backend("s3")["123456789012"]["aws"].buckets[bucket].keys[key]
    date = datetime.datetime.fromtimestamp(question["modified"], datetime.UTC)
    stored.last_modified = date.replace(tzinfo=None)
    return {}


if __name__ == "__main__":
    _serve()
