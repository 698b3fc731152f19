"""How all tests run, and what several test modules use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.redis_process import Redis

settings.register_profile(
    "dedup", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # busy machines are slow
settings.load_profile("dedup")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """One server for all tests."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def redis_index(redis_server: Redis) -> Redis:
    """The same without any keys."""
    with redis_server.client() as client:
        client.flushall()
    return redis_server
