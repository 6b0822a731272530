"""YAML text parsed into plain values, with the line of every key and item.

Only what JSON can express is supported, plus comments and the shorter notation. Scalars follow YAML 1.2's core schema:
a time stays text, and `no` is text. Keys are text. Duplicate keys, aliases and tags are errors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.scenario.diagnostics import Diagnostic, InvalidFileError, KeyPath, path_text

# A larger file is not a scenario, but another file given by mistake.
SIZE_LIMIT = 1_000_000
# In UTF-8, at most.
_BYTES_PER_CHARACTER = 4
# A scenario has five levels. The interpreter's own recursion limit depends on the process.
DEPTH_LIMIT = 50
#: The most values, keys included. The largest scenarios have about a thousand.
VALUES_LIMIT = 50_000

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_PLAIN_TAGS = {"map", "seq", "str", "null", "bool", "int", "float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The content of one file, and the line of each path in it (for the value of a key, the line of the key).

    `moved` has the paths whose value stands at another path of the file.
    """

    file: str
    value: object
    lines: dict[KeyPath, int]
    moved: Mapping[KeyPath, KeyPath] = field(default_factory=dict)

    def diagnostic(self, path: KeyPath, message: str) -> Diagnostic:
        """Return the diagnostic for a path. A path that the file lacks has the line of its closest parent."""
        path = known = self.moved.get(path, path)
        while known not in self.lines:
            known = known[:-1]
        return Diagnostic(file=self.file, line=self.lines[known], where=path_text(path), message=message)


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
    """Return the text of a file; `kind` describes the expected file for the error message.

    Raises `InvalidFileError` if the file cannot be read.
    """
    try:
        return read_bounded(path, _BYTES_PER_CHARACTER * SIZE_LIMIT).decode()
    except FileTooLargeError as error:
        raise _file_error(str(path), 1, f"{error}; expected the path of {kind}") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise _file_error(str(path), 1, f"cannot be read: {reason}; expected the path of {kind}") from error


def parse_document(text: str, file: str, kind: str = "a scenario") -> Document:
    """Parse one YAML document. Raises `InvalidFileError` with the line of the first part that cannot be parsed."""
    if len(text) > SIZE_LIMIT:
        raise _file_error(file, 1, f"expected {kind} of at most {SIZE_LIMIT:,} characters, got {len(text):,}")
    try:
        return _parse(text, file, kind)
    except yaml.MarkedYAMLError as error:
        raise _file_error(file, _line(error.problem_mark), f"not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise _file_error(file, 1, f"not valid YAML: {error}") from error


def _parse(text: str, file: str, kind: str) -> Document:
    _refuse_bombs(text, file, kind)
    loader = _PlainLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise _file_error(file, 1, f"expected {kind}, got an empty file")
        reader = _NodeReader(file=file, loader=loader, lines={(): _line(node.start_mark)})
        value = reader.value(node, ())
    finally:
        loader.dispose()
    if reader.duplicates:
        raise InvalidFileError(reader.duplicates)
    return Document(file=file, value=value, lines=reader.lines)


def _refuse_bombs(text: str, file: str, kind: str) -> None:
    """Raise `InvalidFileError` for aliases, deep nesting and very many values, before they need memory and minutes."""
    depth = values = 0
    for event in yaml.parse(text, Loader=_PlainLoader):
        values += isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if values > VALUES_LIMIT:
            message = f"expected {kind} of at most {VALUES_LIMIT:,} values, got more"
            raise _file_error(file, _line(event.start_mark), message)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise _file_error(file, 1, f"expected {kind}, got lists or mappings nested deeper than {DEPTH_LIMIT}")
        if isinstance(event, yaml.AliasEvent):
            message = f"aliases such as *{event.anchor} are not supported; write out the value"
            raise _file_error(file, _line(event.start_mark), message)


@dataclass(kw_only=True)
class _NodeReader:
    """Conversion of the nodes of one document to plain values."""

    file: str
    loader: _PlainLoader
    lines: dict[KeyPath, int]
    duplicates: list[Diagnostic] = field(default_factory=list)

    def value(self, node: yaml.Node, path: KeyPath) -> object:
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN_TAGS:
            message = f"tags such as {node.tag} are not supported; remove the tag"
            raise _file_error(self.file, _line(node.start_mark), message)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.item(item, (*path, index)) for index, item in enumerate(node.value)]
        constructed = self._scalar(node)
        if isinstance(constructed, str) and _HALF_CHARACTER.search(constructed):
            message = "expected text, got half a character; write both halves of the pair, or the character itself"
            raise _file_error(self.file, _line(node.start_mark), message)
        return constructed

    def _scalar(self, node: yaml.Node) -> object:
        try:
            constructed: object = self.loader.construct_object(node)
        except (ValueError, LookupError):
            # Only with a tag: the file says of a text that it is a number.
            kind = node.tag.rpartition(":")[2]
            message = f"expected a value of the tag !!{kind}, got {node.value!r:.100}; remove the tag"
            raise _file_error(self.file, _line(node.start_mark), message) from None
        return constructed

    def item(self, node: yaml.Node, path: KeyPath) -> object:
        self.lines[path] = _line(node.start_mark)
        return self.value(node, path)

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _file_error(self.file, _line(key.start_mark), "expected text as a key, got a list or mapping")
            key_path = (*path, key.value)
            line = _line(key.start_mark)
            if key.value in values:
                message = f"this key already occurs on line {self.lines[key_path]}; remove one of the two"
                self.duplicates.append(
                    Diagnostic(file=self.file, line=line, where=path_text(key_path), message=message)
                )
                continue
            self.lines[key_path] = line
            values[key.value] = self.value(value, key_path)
        return values


def _line(mark: Any) -> int:  # one of two classes of PyYAML, or None
    return 1 if mark is None else int(mark.line) + 1


def _file_error(file: str, line: int, message: str) -> InvalidFileError:
    return InvalidFileError([Diagnostic(file=file, line=line, where="", message=message)])
