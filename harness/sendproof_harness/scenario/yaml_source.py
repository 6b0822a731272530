"""YAML text into plain values, with the line of every key and item.

Only what JSON can also say is read, plus comments and the shorter notation. Scalars follow YAML 1.2's core schema:
a time stays text, and `no` is a word. Keys are text. Keys that occur twice, aliases and tags are diagnostics.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sendproof_harness.scenario.diagnostics import Diagnostic, InvalidFileError, KeyPath, path_text

# Such a file is written by a person; beyond this it is some other file given by accident.
SIZE_LIMIT = 1_000_000
# A scenario nests five deep; the interpreter's own limit differs from process to process.
DEPTH_LIMIT = 50

_PLAIN_TAGS = {"map", "seq", "str", "null", "bool", "int", "float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The content of one file, and the line on which each place of it starts (a key's line for the value of a key)."""

    file: str
    value: object
    lines: dict[KeyPath, int]

    def diagnostic(self, place: KeyPath, message: str) -> Diagnostic:
        """Say what is wrong at `place`, with the line of the nearest place around it that the file has."""
        known = place
        while known not in self.lines:
            known = known[:-1]
        return Diagnostic(file=self.file, line=self.lines[known], where=path_text(place), message=message)


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2's core schema only."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  # so declared by PyYAML


for _kind, _form, _starts in (
    ("null", r"^(~|null|)$", ["~", "n", ""]),
    ("bool", r"^(true|false)$", ["t", "f"]),
    ("int", r"^-?(0|[1-9][0-9]{0,17})$", list("-0123456789")),
    ("float", r"^-?[0-9]{1,18}\.[0-9]+$", list("-0123456789")),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_form), _starts)


def read_text(path: Path, kind: str) -> str:
    """The text of a file that a person wrote, `kind` being what it is expected to be.

    Raises `InvalidFileError` when there is none.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise _unreadable(str(path), 1, f"cannot be read: {reason}; expected the path of {kind}") from error


def parse_document(text: str, file: str, kind: str = "a scenario") -> Document:
    """Read one YAML document. Raises `InvalidFileError` with the line of whatever cannot be read."""
    if len(text) > SIZE_LIMIT:
        raise _unreadable(file, 1, f"expected {kind} of at most {SIZE_LIMIT:,} characters, got {len(text):,}")
    try:
        return _read(text, file, kind)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(file, _line(error.problem_mark), f"not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise _unreadable(file, 1, f"not valid YAML: {error}") from error


def _read(text: str, file: str, kind: str) -> Document:
    _refuse_bombs(text, file, kind)
    loader = _PlainLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise _unreadable(file, 1, f"expected {kind}, got an empty file")
        reading = _Reading(file=file, loader=loader, lines={(): _line(node.start_mark)})
        value = reading.value(node, ())
    finally:
        loader.dispose()
    if reading.repeated:
        raise InvalidFileError(reading.repeated)
    return Document(file=file, value=value, lines=reading.lines)


def _refuse_bombs(text: str, file: str, kind: str) -> None:
    """Before anything is composed: aliases of aliases and endless nesting can stand for more than can be read."""
    depth = 0
    for event in yaml.parse(text, Loader=_PlainLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise _unreadable(file, 1, f"expected {kind}, got lists or mappings nested beyond reading")
        if isinstance(event, yaml.AliasEvent):
            raise _unreadable(
                file, _line(event.start_mark), f"aliases such as *{event.anchor} are not read; write the value out"
            )


@dataclass(kw_only=True)
class _Reading:
    """One walk over the nodes of a document."""

    file: str
    loader: _PlainLoader
    lines: dict[KeyPath, int]
    repeated: list[Diagnostic] = field(default_factory=list)

    def value(self, node: yaml.Node, place: KeyPath) -> object:
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
            raise _unreadable(
                self.file, _line(node.start_mark), f"tags such as {node.tag} are not read; write the value alone"
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.item(item, (*place, index)) for index, item in enumerate(node.value)]
        constructed: object = self.loader.construct_object(node)
        return constructed

    def item(self, node: yaml.Node, place: KeyPath) -> object:
        self.lines[place] = _line(node.start_mark)
        return self.value(node, place)

    def mapping(self, node: yaml.MappingNode, place: KeyPath) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _unreadable(self.file, _line(key.start_mark), "expected a key in words, got a list or mapping")
            inside = (*place, key.value)
            line = _line(key.start_mark)
            if key.value in values:
                message = f"this key already stands on line {self.lines[inside]}; keep one of the two"
                self.repeated.append(Diagnostic(file=self.file, line=line, where=path_text(inside), message=message))
                continue
            self.lines[inside] = line
            values[key.value] = self.value(value, inside)
        return values


def _line(mark: Any) -> int:  # one of two classes of PyYAML, or None
    return 1 if mark is None else int(mark.line) + 1


def _unreadable(file: str, line: int, message: str) -> InvalidFileError:
    return InvalidFileError([Diagnostic(file=file, line=line, where="", message=message)])
