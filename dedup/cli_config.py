"""A file of settings -> defaults of the options of a command: `[tool.dedup]` of pyproject.toml, or a file that is named."""

from __future__ import annotations

import difflib
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from dedup.cli_help import FILE, Location, Option, leaves, option

PROJECT: Final = "pyproject.toml"
"""The file in which settings are looked for when none is named."""

SECTION: Final = "Settings from a file"

_USED: Final = "dedup.config"
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+:")
_NOT_SETTINGS: Final = {"help", "help-all", "version", "config", "no-config"}


def reads_config(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that tell where settings are read from, for a command."""
    named = option(
        "--config",
        type=FILE,
        is_eager=True,
        expose_value=False,
        callback=_load,
        section=SECTION,
        help="Read settings from this TOML file, not from [tool.dedup] in pyproject.toml.",
    )
    none = option(
        "--no-config",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_without,
        section=SECTION,
        help="Read no settings from a file.",
    )
    return named(none(command))


def used(ctx: click.Context) -> tuple[Path, dict[str, Any]] | None:
    """The file that settings of this command were read from, and the settings by their keys; None when there is none."""
    found: tuple[Path, dict[str, Any]] | None = ctx.meta.get(_USED)
    return found


def is_uri(name: str) -> bool:
    """Whether a name is a URI and not that of a file.

    >>> is_uri("sqlite:seen.db"), is_uri("seen.db"), is_uri("C:/seen.db")
    (True, False, False)
    """
    return _SCHEME.match(name) is not None


def find(start: Path) -> Path | None:
    """The nearest pyproject.toml with a table [tool.dedup]: in a folder, or in those above it up to the root of the repository
    that the folder is in. Outside of a repository only the folder itself counts: what others leave in /tmp is no setting.
    Raises UsageError for one above the folder that belongs to another user.
    """
    folders = [start, *start.parents]
    try:
        root = next((folder for folder in folders if (folder / ".git").exists()), start)
        for path in (folder / PROJECT for folder in folders[: folders.index(root) + 1]):
            if path.is_file() and _table(path) is not None:
                if path.parent != start and not _ours(path):
                    why = "belongs to another user; read it with --config, or nothing with --no-config"
                    raise click.UsageError(f"{path}: {why}")
                return path
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}; --no-config looks for no settings") from error
    return None


def _ours(path: Path) -> bool:
    """Whether a file belongs to the user, or to root, where files belong to somebody."""
    return sys.platform == "win32" or path.stat().st_uid in (os.getuid(), 0)


def _load(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if ctx.resilient_parsing or (value is None and ctx.meta.get(_USED, "") is None):
        return
    if value is not None and _USED in ctx.meta:
        raise click.UsageError("--config and --no-config contradict each other", ctx)
    path = Path(value) if value is not None else find(Path.cwd())
    if path is None:
        return
    table = _table(path)
    if table is None:
        raise click.UsageError(f"{path}: has no table [tool.dedup]", ctx)
    settings = _settings(ctx, path, table)
    ctx.default_map = {option.name: value for option, value in settings.values()}
    ctx.meta[_USED] = path, {key: value for key, (_, value) in settings.items()}


def _without(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and ctx.meta.get(_USED):
        raise click.UsageError("--config and --no-config contradict each other", ctx)
    if value:
        ctx.meta[_USED] = None


def _table(path: Path) -> dict[str, Any] | None:
    """The settings in a file: all of it, or the table [tool.dedup] of a pyproject.toml, None where that has none."""
    try:
        data: Any = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise click.UsageError(f"{path}: is not TOML: {error}; --no-config reads no file") from error
    if path.name != PROJECT:
        return dict(data)
    for name in ("tool", "dedup"):
        data = data.get(name)
        if data is None:
            return None
        if not isinstance(data, dict):
            raise click.UsageError(f"{path}: {name} is {data!r}: give a table [tool.dedup]")
    return dict(data)


def _settings(ctx: click.Context, path: Path, table: Mapping[str, Any]) -> dict[str, tuple[Option, Any]]:
    """What a file sets of the options of a command, by key. All of the file is checked. Raises UsageError."""
    root = ctx.find_root()
    here: list[str] = []
    at = ctx
    while at.parent is not None:
        here.insert(0, str(at.info_name))
        at = at.parent
    own = {_key(param): param for param in ctx.command.params if isinstance(param, Option)}
    found: dict[str, tuple[Option, Any]] = {}
    for names, key, general, value in _entries(root.command, (), table, path):
        mine = names == tuple(here[: len(names)]) and key in own
        checked = _checked(own[key] if mine else general, value, path, ".".join((*names, key)), ctx)
        if mine:
            found[key] = own[key], checked
    return found


def _entries(
    command: click.Command, names: tuple[str, ...], table: Mapping[str, Any], path: Path
) -> Iterator[tuple[tuple[str, ...], str, Option, Any]]:
    """All settings of a table and the tables in it: names of the command, key, an option of this key, value; the general
    ones first.
    """
    known = _options(command)
    inner = command.commands if isinstance(command, click.Group) else {}
    for key, value in table.items():
        if isinstance(value, dict) and key in inner:
            continue
        if key not in known:
            raise click.UsageError(f"{path}: unknown key {'.'.join((*names, key))}{_guess(key, value, known, inner)}")
        yield names, key, known[key], value
    for key, value in table.items():
        if isinstance(value, dict) and key in inner:
            yield from _entries(inner[key], (*names, key), value, path)


def _options(command: click.Command) -> dict[str, Option]:
    """The options of a command, and of the commands that it has, by their keys."""
    found: dict[str, Option] = {}
    for _, inner in leaves(command):
        for param in inner.params:
            if isinstance(param, Option) and _key(param) not in _NOT_SETTINGS:
                found.setdefault(_key(param), param)
    return found


def _key(option: Option) -> str:
    return max(option.opts, key=len).lstrip("-")


def _guess(key: str, value: object, known: Mapping[str, Option], inner: Mapping[str, click.Command]) -> str:
    """What may have been meant by a key that is none."""
    bare = key.removeprefix("no-")
    if bare in known and known[bare].is_flag:
        return f"; write {bare} = {'false' if value is not False else 'true'}"
    if key in inner:
        return f": that is a command; give a table [tool.dedup.{key}]"
    near = difflib.get_close_matches(key, [*known, *inner], n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"


def _checked(option: Option, value: Any, path: Path, key: str, ctx: click.Context) -> Any:
    """A value of the type that an option takes; the name of a file is relative to the folder of `path`. Raises UsageError."""
    said = f"{path}: {key} is {value!r}"
    if option.listed and isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = ",".join(value)
    if option.is_flag:
        wanted, right = "true or false", isinstance(value, bool)
    elif option.type is click.FLOAT:
        wanted, right = "a number", isinstance(value, (int, float)) and not isinstance(value, bool)
    elif isinstance(option.type, click.IntRange):
        wanted, right = "a whole number", isinstance(value, int) and not isinstance(value, bool)
    else:
        wanted, right = "a string", isinstance(value, str)
    if not right:
        raise click.UsageError(f"{said}: give {wanted}{' or a list of strings' if option.listed else ''}")
    if _names_file(option, value) and path.parent.resolve() != Path.cwd():
        value = str(path.parent / value)
    try:
        option.type.convert(value, option, ctx)
    except click.BadParameter as error:
        raise click.UsageError(f"{said}: {error.message}") from error
    return value


def _names_file(option: Option, value: str) -> bool:
    if isinstance(option.type, Location):
        return value != "-" and not (option.type.uri and is_uri(value))
    return isinstance(option.type, click.Path)
