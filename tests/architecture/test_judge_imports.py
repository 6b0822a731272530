"""The judge reads a history and nothing else, so that anyone can judge again, elsewhere and later."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "harness" / "sendproof_harness"

#: The judge and its parts may import each other, the standard library below, and msgspec.
JUDGE = ("explain", "history", "judge", "providers")
#: The writer makes a history, and `providers/__init__.py` finds the records of providers.
FILES = sorted(
    path
    for folder in JUDGE
    for path in (PACKAGE / folder).rglob("*.py")
    if path.relative_to(PACKAGE).as_posix() not in {"history/writer.py", "providers/__init__.py"}
)

#: Nothing in here reaches a network, another process, the machine's clock or chance. `pathlib` opens the history.
HARMLESS = {
    "array", "base64", "bisect", "collections", "dataclasses", "datetime", "decimal", "functools", "hashlib", "heapq",
    "html", "itertools", "json", "math", "operator", "pathlib", "re", "typing", "unicodedata", "weakref",
}  # fmt: skip

#: Of these packages, only the modules that parse text.
_PARSERS = {"urllib": {"parse"}, "email": {"errors", "header"}}


def imports(path: Path) -> Iterator[str]:
    """Return the names of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"


def is_permitted(name: str) -> bool:
    """Whether the judge may import it."""
    package, _, rest = name.partition(".")
    if package == "sendproof_harness":
        return rest.split(".")[0] in JUDGE
    if package in _PARSERS:
        return rest in _PARSERS[package]
    return package == "msgspec" or (package in HARMLESS and package in sys.stdlib_module_names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_judge_imports_only_itself(path):
    assert [name for name in imports(path) if not is_permitted(name)] == []


def test_only_the_readers_open_files():
    """`judged_file` takes the path of a history, and passes it to the readers of `history`."""
    names = [path.name for path in FILES if "pathlib" in set(imports(path))]

    assert set(names) == {"condensed.py", "customer_index.py", "indexing.py", "reader.py", "judged_file.py"}
