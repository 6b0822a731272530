"""The glossary contains each concept of the code, and no concept that the code no longer has."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from repository import PACKAGES, ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
# Other folders whose classes the glossary may name.
OTHERS = [ROOT / folder for folder in ("loadtests", "mutants", "chaos", "attack", "interrupts", "benchmarks")]

# Last words of class names that have their general meaning, each with what it means.
GENERAL = {
    "bar": "a shape in a chart",
    "count": "numbers of things",
    "curve": "a shape in a chart",
    "document": "a parsed file",
    "environment": "a Python and the packages that it finds",
    "plot": "a chart",
    "process": "a process of the operating system",
    "program": "a process of the operating system, with its command",
    "progress": "the state of a long operation",
    "row": "a row of a table",
    "table": "rows and columns",
    "transport": "a connection of asyncio",
    "usage": "processor time and memory",
}
# Classes for which a reader needs no term, each with its reason.
WITHOUT_TERM = {
    "Case": "a test case in the words of JUnit",
    "Child": "a process that this process started",
    "JsonFormatter": "the lines of a log, in the words of Python's logging",
    "PlainFormatter": "the lines of a log, in the words of Python's logging",
    "Terminal": "a console of rich that obeys no text",
    "Text": "a text of rich that obeys nothing in it",
    "TextDumper": "how psycopg writes a text, in its words",
}


def words(name: str) -> list[str]:
    """Return the words of a class name in lower case: `SandboxContext` has `sandbox` and `context`."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z0-9]*|[A-Z]+", name)]


def singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(?:ss|x|ch|sh)es$", word):
        return word[:-2]
    return word.removesuffix("s") if not re.search(r"(?:ss|us|is)$", word) else word


@cache
def statements(path: Path) -> list[ast.stmt]:
    """Return the top-level statements of a file."""
    return ast.parse(path.read_text()).body


def classes(folders) -> dict[str, str]:
    """Return the public top-level classes of folders, with one file of each."""
    return {
        node.name: path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        for node in statements(path)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }


def type_aliases(folders) -> set[str]:
    """Return the names of the public type aliases of folders, such as `Blame = Literal[...]`."""
    return {
        target.id
        for folder in folders
        for path in folder.rglob("*.py")
        for node in statements(path)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and words(target.id) and target.id != target.id.upper()
    }


def rows() -> list[list[str]]:
    """Return the cells of the tables: term, meaning, in code."""
    text = GLOSSARY.read_text().partition("## Words to avoid")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return [row for row in cells if row[0] != "term" and not set(row[0]) <= {"-"}]


def named_classes() -> set[str]:
    """Return the class names in the last column, also those before a dot."""
    named = {name for *_, code in rows() for name in re.findall(r"`([A-Z][A-Za-z]+)(?:\.\w+)?`", code)}
    return {name for name in named if name != name.upper()}


def heads() -> set[str]:
    """Return the last word of each term, in the singular."""
    terms = [term.partition(" (")[0] for row in rows() for term in row[0].split(", ")]
    return {singular(re.split(r"[ -]", term)[-1].lower()) for term in terms}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_each_class_has_a_term(package):
    """The last word of a class is a term, or the table names the class. Otherwise add a row to the glossary."""
    known = heads() | set(GENERAL)
    missing = {
        name: file
        for name, file in classes([package]).items()
        if name not in named_classes() | set(WITHOUT_TERM) and singular(words(name)[-1]) not in known
    }
    assert missing == {}


def test_each_named_class_exists():
    existing = classes([*PACKAGES, *OTHERS]).keys() | type_aliases(PACKAGES)
    assert named_classes() - existing == set()


def test_each_exception_is_needed():
    """An exception that nothing needs would hide the next missing term."""
    lasts = {singular(words(name)[-1]) for name in classes(PACKAGES)}
    assert set(GENERAL) - lasts == set()
    assert set(GENERAL) & heads() == set()
    assert WITHOUT_TERM.keys() - classes(PACKAGES).keys() == set()


def test_each_term_has_one_row_in_alphabetical_order():
    sections = GLOSSARY.read_text().partition("## Words to avoid")[0].split("\n## ")[1:]
    terms = [re.findall(r"^\| (?!term )([^|]+) \| [^|]+ \|", section, re.MULTILINE) for section in sections]
    assert [names for names in terms if names != sorted(names, key=str.lower)] == []
    everything = [name for names in terms for name in names]
    assert [name for name in everything if everything.count(name) > 1] == []
