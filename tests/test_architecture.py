"""The shape of the package: who imports whom, which library lives where, and what is nowhere."""

from __future__ import annotations

import ast
import functools
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

import dedup

PACKAGE: Final = Path(dedup.__file__).resolve().parent

IMPORTS: Final[dict[str, set[str]]] = {
    "__main__": {"cli"},
    "ahead": {"entries", "model", "ready", "session", "settings", "shapes"},
    "alignment": {"kernels", "kernels.align", "signatures"},
    "bands": {"errors"},
    "batch": {
        "alignment",
        "boilerplate",
        "candidates",
        "corpus",
        "decisions",
        "evidence",
        "kernels",
        "nodes",
        "passages",
        "settings",
        "signatures",
        "sources",
        "spool",
        "stretches",
        "verify",
    },
    "bodies": {"copies"},
    "boilerplate": {
        "alignment",
        "corpus",
        "kernels",
        "kernels.boilerplate",
        "kernels.hashes",
        "sources",
        "spool",
        "stretches",
        "urls",
        "words",
    },
    "candidates": {"kernels", "kernels.graph"},
    "canonical": {"errors", "fields", "urls"},
    "cleaning": {"alignment", "inpage", "kernels", "kernels.inpage", "signatures"},
    "cli": {
        "cli_completion",
        "cli_help",
        "cli_index",
        "cli_options",
        "cli_page",
        "cli_review",
        "dump",
        "errors",
        "indexed",
        "json_values",
        "model",
        "opening",
        "report",
        "settings",
    },
    "cli_completion": {"cli_help"},
    "cli_config": {"cli_help"},
    "cli_help": {"terminal"},
    "cli_index": {
        "cli_config",
        "cli_help",
        "cli_options",
        "index",
        "json_values",
        "lines",
        "opening",
        "outputs",
        "report",
        "spool",
        "terminal",
    },
    "cli_options": {
        "canonical",
        "cli_config",
        "cli_help",
        "corpus",
        "errors",
        "fields",
        "kernels",
        "progress",
        "report",
        "settings",
        "terminal",
    },
    "cli_page": {"cli_help", "cli_options", "inpage", "json_values", "page_map", "report"},
    "cli_review": {
        "cli_help",
        "cli_options",
        "deduplication",
        "explanation",
        "json_values",
        "report",
        "settings",
        "show",
        "terminal",
    },
    "clusters": {"kernels", "kernels.graph"},
    "columns": set(),
    "comparison": {
        "alignment",
        "boilerplate",
        "corpus",
        "errors",
        "evidence",
        "model",
        "relations",
        "settings",
        "shapes",
        "signals",
        "signatures",
        "sources",
        "spool",
        "verify",
    },
    "conversion": {"json_values"},
    "copies": {"paragraphs", "repeats"},
    "corpus": {
        "alignment",
        "cleaning",
        "kernels",
        "kernels.boilerplate",
        "kernels.hashes",
        "settings",
        "signatures",
        "sources",
        "spool",
        "stretches",
        "verify",
    },
    "cuts": {"diff", "judging", "model", "paragraphs", "repeats", "signatures", "spans"},
    "dates": {"errors"},
    "decisions": {
        "canonical",
        "clusters",
        "evidence",
        "model",
        "names",
        "nodes",
        "relations",
        "settings",
        "signals",
        "sources",
        "verify",
    },
    "dedup": {
        "bands",
        "canonical",
        "comparison",
        "deduplication",
        "errors",
        "explanation",
        "fields",
        "frame_result",
        "index",
        "inpage",
        "model",
        "opening",
        "result",
        "scheme",
        "settings",
        "signatures",
    },
    "deduplication": {
        "batch",
        "corpus",
        "errors",
        "frame_result",
        "frames",
        "lines",
        "result",
        "settings",
        "shapes",
        "sources",
        "spool",
        "table_source",
    },
    "diff": {"alignment", "kernels", "kernels.align", "signatures", "words"},
    "dump": {
        "batch",
        "corpus",
        "errors",
        "json_values",
        "lines",
        "model",
        "outputs",
        "result",
        "settings",
        "spool",
        "writing",
    },
    "election": {"canonical", "columns", "entries", "keys", "learning", "matching", "model", "ready", "stores"},
    "encodings": set(),
    "entries": {"columns", "corpus", "fields", "model", "settings", "shapes", "signatures", "sources"},
    "errors": set(),
    "evidence": {"model"},
    "excerpts": {"bodies", "copies"},
    "explanation": {
        "boilerplate",
        "comparison",
        "corpus",
        "diff",
        "errors",
        "lines",
        "model",
        "settings",
        "shapes",
        "signals",
        "sources",
        "spool",
    },
    "fields": {"dates", "markup", "shapes", "urls"},
    "formats": {"errors", "members", "zstd"},
    "frame_result": {"batch", "result", "settings", "shapes", "sources", "table_source"},
    "frames": {"errors"},
    "html": {"encodings", "errors"},
    "index": {
        "ahead",
        "dates",
        "election",
        "entries",
        "errors",
        "fields",
        "matching",
        "model",
        "ready",
        "session",
        "settings",
        "shapes",
        "sources",
        "stores",
    },
    "indexed": {
        "corpus",
        "dump",
        "election",
        "entries",
        "errors",
        "index",
        "journal",
        "lines",
        "model",
        "outputs",
        "result",
        "spool",
        "writing",
    },
    "inpage": {
        "alignment",
        "cuts",
        "errors",
        "html",
        "judging",
        "kernels",
        "kernels.inpage",
        "model",
        "page_map",
        "paragraphs",
        "repeats",
        "signatures",
        "tokens",
        "words",
    },
    "integrations": set(),
    "integrations.huggingface": {
        "deduplication",
        "errors",
        "fields",
        "frame_result",
        "frames",
        "scheme",
        "signatures",
        "table_source",
    },
    "integrations.pending": set(),
    "integrations.scrapy": {
        "errors",
        "index",
        "integrations.pending",
        "integrations.scrapy_options",
        "kernels",
        "model",
        "opening",
    },
    "integrations.scrapy_options": {"errors", "fields", "settings"},
    "journal": {"election", "errors", "index", "model", "outputs"},
    "json_values": set(),
    "judging": {
        "alignment",
        "bodies",
        "copies",
        "excerpts",
        "model",
        "names",
        "paragraphs",
        "quotes",
        "repeats",
        "sections",
        "signatures",
        "verify",
    },
    "kernels": set(),
    "kernels.align": {"kernels.hashes"},
    "kernels.boilerplate": {"kernels.sorting"},
    "kernels.contrast": {"kernels.align"},
    "kernels.graph": {"kernels.sorting"},
    "kernels.hashes": set(),
    "kernels.inpage": {"kernels.align", "kernels.hashes", "kernels.text"},
    "kernels.letters": set(),
    "kernels.minhash": {"kernels.hashes"},
    "kernels.names": {"kernels.table"},
    "kernels.packing": {"kernels.sorting", "kernels.table"},
    "kernels.passages": {"kernels.hashes", "kernels.sorting"},
    "kernels.proposals": {"kernels.table"},
    "kernels.sorting": set(),
    "kernels.table": set(),
    "kernels.text": {"kernels.letters"},
    "kernels.words": {"kernels.letters"},
    "key_chunk": {"key_table", "keys"},
    "key_table": {"kernels", "kernels.table", "slab"},
    "keys": {"alignment", "entries", "key_table", "passages", "settings", "signatures"},
    "learning": {"boilerplate", "entries", "kernels", "kernels.boilerplate", "kernels.names", "key_table", "tables"},
    "lines": {"errors", "fields", "formats", "model", "readers", "settings", "signatures", "sources", "spool"},
    "markup": set(),
    "matching": {
        "alignment",
        "columns",
        "entries",
        "evidence",
        "fields",
        "kernels",
        "kernels.boilerplate",
        "keys",
        "learning",
        "nodes",
        "relations",
        "settings",
        "signals",
        "urls",
        "verify",
    },
    "members": set(),
    "merge": {"paragraphs", "signatures", "words"},
    "model": set(),
    "names": {"words"},
    "nodes": {"alignment", "boilerplate", "corpus", "fields", "relations", "settings", "signatures", "sources", "urls"},
    "opening": {"index", "scheme", "settings", "stores"},
    "outputs": {"errors", "formats", "steady"},
    "packing": {"kernels", "kernels.packing", "key_table", "keys", "signatures"},
    "page_map": {"model", "terminal", "words"},
    "pandas": {"deduplication", "frame_result"},
    "paragraphs": {"model", "words"},
    "passages": {"alignment", "candidates", "kernels", "kernels.passages", "stretches"},
    "polars": {"deduplication", "frame_result"},
    "progress": {"corpus", "kernels"},
    "quotes": {"bodies", "copies", "paragraphs", "repeats"},
    "readers": {"errors", "fields", "formats", "model", "settings", "spool"},
    "readers.archives": {"errors", "formats", "model", "readers", "readers.pages", "readers.spooled", "sources"},
    "readers.arrow": {"errors"},
    "readers.columns": {"readers.arrow"},
    "readers.decoded": {"readers.arrow", "spool"},
    "readers.delimited": {"errors", "formats", "readers", "sources"},
    "readers.json_array": {"formats", "json_values", "readers", "sources"},
    "readers.json_lines": {"formats", "json_values", "readers", "sources"},
    "readers.pages": {"encodings", "errors", "formats", "html", "model", "readers", "readers.spooled", "sources"},
    "readers.spooled": {"json_values", "readers"},
    "readers.table_files": {"conversion", "readers", "readers.arrow", "readers.table_schema", "readers.tables"},
    "readers.table_schema": {"errors", "readers", "readers.arrow"},
    "readers.tables": {
        "errors",
        "formats",
        "json_values",
        "readers",
        "readers.arrow",
        "readers.columns",
        "readers.decoded",
        "readers.delimited",
        "readers.spooled",
        "readers.table_schema",
        "shapes",
        "sources",
    },
    "ready": {"keys", "learning", "matching"},
    "relations": {"evidence", "model", "siblings"},
    "repeats": {"alignment", "kernels", "kernels.inpage", "signatures"},
    "report": {"explanation", "indexed", "inpage", "model", "result", "settings", "terminal"},
    "result": {
        "batch",
        "boilerplate",
        "errors",
        "explanation",
        "fields",
        "inpage",
        "merge",
        "model",
        "settings",
        "shapes",
        "sources",
    },
    "scheme": {"errors"},
    "sections": {"bodies", "copies", "paragraphs", "repeats"},
    "session": {"election", "errors", "learning", "matching", "ready", "settings", "stores"},
    "settings": {"bands", "canonical", "dates", "errors", "evidence", "fields", "scheme"},
    "shapes": set(),
    "show": {"diff", "terminal", "words"},
    "siblings": {"evidence"},
    "signals": {"alignment", "diff", "fields", "names", "urls", "values", "words"},
    "signatures": {
        "bands",
        "errors",
        "kernels",
        "kernels.hashes",
        "kernels.minhash",
        "kernels.text",
        "scheme",
        "tokens",
    },
    "slab": set(),
    "sources": {"dates", "errors", "fields", "inpage", "model", "shapes", "signatures", "urls"},
    "spans": {"paragraphs", "repeats"},
    "spool": {"errors"},
    "steady": set(),
    "stores": {"entries", "errors", "keys", "settings", "tables"},
    "stores.memory": {"entries", "errors", "keys", "stores", "tables"},
    "stores.redis": {
        "entries",
        "errors",
        "keys",
        "packing",
        "stores",
        "stores.redis_address",
        "stores.redis_articles",
        "stores.redis_care",
        "stores.redis_change",
        "stores.redis_header",
        "stores.redis_mirror",
        "stores.redis_parcels",
        "stores.redis_rows",
        "stores.redis_scripts",
        "stores.redis_server",
        "tables",
        "zstd",
    },
    "stores.redis_address": {"dates", "errors", "stores"},
    "stores.redis_articles": {
        "entries",
        "errors",
        "stores",
        "stores.redis_change",
        "stores.redis_mirror",
        "stores.redis_rows",
        "stores.redis_server",
    },
    "stores.redis_care": {"stores", "stores.redis_mirror", "stores.redis_rows", "stores.redis_server"},
    "stores.redis_change": {"stores", "stores.redis_mirror", "stores.redis_parcels", "stores.redis_rows", "zstd"},
    "stores.redis_header": {"errors", "stores", "stores.redis_mirror", "stores.redis_scripts", "stores.redis_server"},
    "stores.redis_mirror": {
        "entries",
        "errors",
        "key_chunk",
        "packing",
        "settings",
        "stores.redis_rows",
        "stores.redis_scripts",
        "tables",
    },
    "stores.redis_parcels": {"entries", "keys", "packing", "stores", "stores.redis_rows", "zstd"},
    "stores.redis_rows": {"entries", "json_values", "key_chunk", "packing", "zstd"},
    "stores.redis_scripts": set(),
    "stores.redis_server": {"errors", "stores.redis_address", "stores.redis_scripts"},
    "stores.sqlite": {
        "entries",
        "errors",
        "key_chunk",
        "keys",
        "stores",
        "stores.sqlite_checks",
        "stores.sqlite_connection",
        "stores.sqlite_file",
        "stores.sqlite_keys",
        "tables",
        "zstd",
    },
    "stores.sqlite_checks": {"stores", "stores.sqlite_file", "stores.sqlite_keys"},
    "stores.sqlite_connection": {"errors"},
    "stores.sqlite_file": {
        "entries",
        "errors",
        "json_values",
        "outputs",
        "stores",
        "stores.sqlite_connection",
        "stores.sqlite_keys",
        "zstd",
    },
    "stores.sqlite_keys": {
        "errors",
        "kernels",
        "kernels.table",
        "key_chunk",
        "key_table",
        "keys",
        "stores.sqlite_connection",
    },
    "stretches": set(),
    "table_source": {"errors", "fields", "model", "signatures", "sources"},
    "tables": {
        "boilerplate",
        "errors",
        "kernels",
        "kernels.proposals",
        "kernels.table",
        "key_chunk",
        "key_table",
        "keys",
        "passages",
        "settings",
    },
    "terminal": set(),
    "tokens": set(),
    "urls": set(),
    "values": {"words"},
    "verify": {"alignment", "evidence", "kernels", "kernels.contrast", "relations", "signatures", "stretches", "words"},
    "words": {"kernels", "kernels.words", "signatures", "tokens"},
    "writing": {
        "cleaning",
        "conversion",
        "errors",
        "formats",
        "json_values",
        "lines",
        "merge",
        "outputs",
        "readers",
        "readers.table_files",
        "shapes",
        "sources",
    },
    "zstd": set(),
}
"""Module -> the modules of this package that it imports, at its top, in functions or for types only."""

HOMES: Final = {
    "numba": {
        "kernels",
        "kernels.align",
        "kernels.boilerplate",
        "kernels.contrast",
        "kernels.graph",
        "kernels.hashes",
        "kernels.inpage",
        "kernels.letters",
        "kernels.minhash",
        "kernels.names",
        "kernels.packing",
        "kernels.passages",
        "kernels.proposals",
        "kernels.sorting",
        "kernels.table",
        "kernels.text",
        "kernels.words",
    },
    "datasketch": {"signatures"},
    "rapidfuzz": {"alignment", "diff", "names", "sections", "signals"},
    "rich": {"page_map", "progress", "report", "show"},
    "click": {
        "cli",
        "cli_completion",
        "cli_config",
        "cli_help",
        "cli_index",
        "cli_options",
        "cli_page",
        "cli_review",
    },
    "w3lib": {"encodings", "urls"},
    "html_text": {"html"},
    "lxml": {"html"},
    "backports": {"zstd"},
    "compression": {"zstd"},
    "orjson": {"json_values", "readers.json_lines"},
    "pyarrow": {"integrations.huggingface", "readers.arrow"},
    "fastwarc": {"readers.archives"},
    "redis": {"stores.redis_server"},
    "scrapy": {"integrations.scrapy"},
    "itemadapter": {"integrations.scrapy"},
    "twisted": {"integrations.scrapy"},
    "narwhals": {"frames"},
    "pandas": {"pandas"},
    "polars": {"polars"},
    "datasets": {"integrations.huggingface"},
}
"""Library -> the only modules that import it."""

LINES: Final = 350

FORBIDDEN_MODULES: Final = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
FORBIDDEN_CALLS: Final = {"eval", "exec", "__import__"}


def modules() -> dict[str, Path]:
    """Names without the leading `dedup.`; the package itself is `dedup`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(p for p in parts if p != "__init__") or "dedup"] = path
    return found


@functools.cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text("utf-8"))


def imported(name: str) -> set[str]:
    """Full names of all that a module imports, wherever in it; `from a import b` gives `a` and `a.b`. A module of kernels is
    imported where it is first named.
    """
    found: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            assert node.module is not None
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "kernels":
            found.add(f"dedup.kernels.{node.attr}")
    return found


def inner(name: str) -> set[str]:
    """The modules of the package that a module imports."""
    known = modules()
    return {full.removeprefix("dedup.") for full in imported(name) if full.startswith("dedup.")} & set(known)


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_within_the_package(name: str) -> None:
    assert inner(name) == IMPORTS[name]


def test_the_table_names_no_module_that_is_gone() -> None:
    assert set(IMPORTS) == set(modules())


def test_imports_have_no_cycle() -> None:
    """Apart from those that the package itself makes when a public name is first used."""
    done: set[str] = set()
    left = {name: wanted for name, wanted in IMPORTS.items() if name != "dedup"}
    while left:
        ready = {name for name, wanted in left.items() if wanted - {"dedup"} <= done}
        assert ready or left == {}, f"a cycle among {sorted(left)}"
        done |= ready
        left = {name: wanted for name, wanted in left.items() if name not in ready}


@pytest.mark.parametrize("library", sorted(HOMES))
def test_each_library_has_its_home(library: str) -> None:
    users = {name for name in modules() if any(full.split(".")[0] == library for full in imported(name))}
    assert users == HOMES[library]


def test_no_other_library_is_imported() -> None:
    known = {*sys.stdlib_module_names, *HOMES, "dedup", "numpy"}
    assert {full.split(".")[0] for name in modules() for full in imported(name)} <= known


@pytest.mark.parametrize("name", sorted(modules()))
def test_nothing_runs_or_loads_foreign_code(name: str) -> None:
    assert not {full.split(".")[0] for full in imported(name)} & FORBIDDEN_MODULES
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else None
            assert called not in FORBIDDEN_CALLS, f"{name}:{node.lineno}"
            for word in node.keywords:
                allowed = word.arg != "allow_pickle" or _is(word.value, False)
                assert allowed, f"{name}:{node.lineno} allows pickles"
                assert word.arg != "shell" or _is(word.value, False), f"{name}:{node.lineno} runs a shell"


def _is(node: ast.expr, value: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_the_package_costs_nothing_to_import() -> None:
    heavy = (
        "numpy",
        "numba",
        "scipy",
        "datasketch",
        "rapidfuzz",
        "orjson",
        "rich",
        "click",
        "w3lib",
        "scrapy",
        "narwhals",
        "pyarrow",
        "fastwarc",
    )
    code = f"import sys, dedup; print([m for m in {heavy!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def test_public_names() -> None:
    assert list(dedup.__all__) == sorted(dedup.__all__)
    assert len(set(dedup.__all__)) == len(dedup.__all__)
    assert set(dedup.__all__) <= set(dir(dedup))
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = dedup.nothing_like_it


USED: Final = (
    "import dedup; dedup.deduplicate(['a text']); print([n for n in dedup.__all__ if not callable(getattr(dedup, n))])"
)


def test_public_names_are_no_modules_once_the_package_is_used() -> None:
    """A submodule that is imported becomes an attribute of the package."""
    found = subprocess.run([sys.executable, "-c", USED], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


@pytest.mark.parametrize("name", dedup.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    value = dedup.__getattr__(name)
    assert value.__module__.startswith("dedup.")
    assert (inspect.getdoc(value) or "").strip()
    # A dataclass or a named tuple without a docstring gets its signature for one.
    assert not (value.__doc__ or "").startswith(f"{name}(")


@pytest.mark.parametrize("name", sorted(modules()))
def test_modules_are_short_and_say_what_they_do(name: str) -> None:
    text = modules()[name].read_text("utf-8")
    assert len(text.splitlines()) <= LINES
    described = ast.get_docstring(tree(name), clean=False)
    assert described
    first, _, rest = described.partition("\n")
    assert first.strip() == first
    assert len(first) > 10
    assert first.endswith((".", ":")) or "->" in first
    assert not rest or rest.startswith("\n"), "a line of its own, then an empty one"
