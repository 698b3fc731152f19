"""The server behind an index in Redis: answers or errors in words, and the lock of who writes."""

from __future__ import annotations

import logging
import os
import random
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from dedup.errors import IndexDamaged, MissingExtra, StoreError
from dedup.stores.redis_address import Address
from dedup.stores.redis_scripts import BEGIN, EXTEND, RELEASE

log = logging.getLogger("dedup")

LEASE: Final = 10.0
"""Seconds after which the lock of a process that ended without giving it back is free."""

BUSY: Final = 60.0
"""Seconds that a writer waits for another one."""

_TRIES: Final = 3
"""A command is sent so often when the connection breaks; all of them may be sent twice."""

_PAUSES: Final = (0.001, 0.005)
"""Seconds between two looks at a lock that another one holds: at first, and at most."""


class Server:
    """One database of a server, as a client that several threads may use."""

    def __init__(self, address: Address) -> None:
        try:
            import redis
            from redis.backoff import ExponentialBackoff
            from redis.retry import Retry
        except ImportError:
            raise MissingExtra("redis", "an index in Redis") from None
        self.uri = address.uri
        self._errors = redis.exceptions
        self._pid = os.getpid()
        self._client: Any = redis.Redis(
            host=address.host,
            port=address.port,
            db=address.db,
            username=address.user,
            password=address.password,
            socket_timeout=address.timeout,
            socket_connect_timeout=address.timeout,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), _TRIES - 1),
            ssl=address.secure,
            ssl_ca_certs=address.ca,
        )
        self._scripts: dict[str, Any] = {}
        self._asking: set[int] = set()  # threads that wait for an answer

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the client as errors of the store. An answer that was not waited for to its end, because of an interrupt,
        would be taken for the next one's: its connection is closed.
        """
        if os.getpid() != self._pid:
            raise StoreError(self.uri, "was opened in another process; open it anew in each")
        errors, thread = self._errors, threading.get_ident()
        if thread in self._asking:
            self._client.connection_pool.disconnect(inuse_connections=False)
        self._asking.add(thread)
        try:
            try:
                yield
            except errors.RedisError:
                self._asking.discard(thread)
                raise
            self._asking.discard(thread)
        except (errors.AuthenticationError, errors.AuthorizationError, errors.NoPermissionError) as error:
            raise StoreError(self.uri, f"the server refuses access: {error}") from None
        except errors.TimeoutError as error:
            raise StoreError(self.uri, f"the server does not answer in time: {error}") from None
        except errors.ConnectionError as error:
            raise StoreError(self.uri, f"the server cannot be reached: {error}") from None
        except errors.ResponseError as error:
            if "WRONGTYPE" in str(error):
                raise IndexDamaged(
                    self.uri, "a key of the index holds another type: it is of another program"
                ) from None
            raise StoreError(self.uri, f"the server says: {error}") from None
        except (errors.RedisError, OSError) as error:
            raise StoreError(self.uri, str(error)) from None

    def ask(self, *command: Any) -> Any:
        """The answer to a command. Raises StoreError."""
        with self._told():
            return self._client.execute_command(*command)

    def ask_all(self, commands: Sequence[tuple[Any, ...]], *, whole: bool = False) -> list[Any]:
        """The answers to several commands, in one go; as a `whole`: with nothing of others between them."""
        with self._told():
            pipeline = self._client.pipeline(transaction=whole)
            for command in commands:
                pipeline.execute_command(*command)
            found: list[Any] = pipeline.execute()
            return found

    def facts(self) -> dict[str, Any]:
        """What the server tells of itself; nothing where that is not allowed."""
        with self._told():
            try:
                found: dict[str, Any] = self._client.info()
            except self._errors.NoPermissionError:
                log.info("%s: INFO is not allowed, so its memory policy is not looked at", self.uri)
                return {}
            return found

    def setting(self, name: str) -> str:
        """What the server is configured with. Raises StoreError where it does not tell."""
        with self._told():
            found: dict[str | bytes, str | bytes] = self._client.config_get(name)
        values = [value.decode() if isinstance(value, bytes) else value for value in found.values()]
        return values[0] if values else ""

    def run(self, script: str, prefix: str, arguments: Sequence[Any]) -> Any:
        """What a script gives (`redis_scripts`)."""
        with self._told():
            if script not in self._scripts:
                self._scripts[script] = self._client.register_script(script)
            return self._scripts[script](keys=[f"{prefix}:state"], args=arguments)

    def close(self) -> None:
        """Ends all connections."""
        if os.getpid() == self._pid:
            self._client.close()


class Lock:
    """One writer at a time. It saves others work in vain; what keeps their changes apart is the version that a commit names.

    The lock is a lease, kept alive by a thread for as long as the process lives and holds it, with `stages`, keys that go when it
    is given back.
    """

    def __init__(self, server: Server, prefix: str) -> None:
        self._server, self._prefix = server, prefix
        self.token = secrets.token_hex(8)
        self.stages: list[str] = []
        self._held = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, arguments: Sequence[Any]) -> list[Any]:
        """Waits for the lock, and gives what is new then (`redis_scripts.BEGIN`). Raises StoreError."""
        end = time.monotonic() + BUSY
        pause = _PAUSES[0]
        while True:
            answer: list[Any] = self._server.run(BEGIN, self._prefix, [*arguments, int(LEASE * 1000)])
            if answer[0] != b"busy":
                break
            if time.monotonic() > end:
                raise StoreError(self._server.uri, f"others have been writing for {BUSY:.0f} seconds: try again later")
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(2 * pause, _PAUSES[1])
        self._held = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="dedup-lease", daemon=True)
            self._thread.start()
        return answer

    def _keep(self) -> None:
        while not self._wake.wait(LEASE / 3):
            if self._held:
                try:
                    self._server.run(EXTEND, self._prefix, [self.token, int(LEASE * 1000), *self.stages])
                except StoreError as error:
                    log.warning("the lock could not be kept: %s", error)

    def given(self) -> None:
        """The lock went with a commit."""
        self._held = False
        self.stages.clear()

    def release(self) -> None:
        """Gives the lock back, and what was staged."""
        stages = list(self.stages)
        self.given()
        self._server.run(RELEASE, self._prefix, [self.token, *stages])

    def close(self) -> None:
        """Ends the thread."""
        self._wake.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()
