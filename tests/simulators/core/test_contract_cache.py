"""The cache of parsed contracts returns what parsing returns, whatever is on the disk."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sendproof_simulators.core.contract_cache import FILES_MAX, cache_folder, read_through
from sendproof_simulators.services.discovery import CONTRACTS


class Parser:
    """Parses YAML and counts how often."""

    calls = 0

    def __call__(self, source: bytes) -> Any:
        self.calls += 1
        return yaml.safe_load(source)


def test_contract_is_parsed_once(tmp_path: Path) -> None:
    parse = Parser()
    values = [read_through(b"a: [1, 1.5, true, null, {200: x}]", parse, tmp_path / "new" / "folder") for _ in range(3)]
    assert values == [{"a": [1, 1.5, True, None, {200: "x"}]}] * 3
    assert parse.calls == 1


def test_changed_contract_is_parsed_again(tmp_path: Path) -> None:
    parse = Parser()
    assert [read_through(text, parse, tmp_path) for text in (b"a: 1", b"a: 2", b"a: 1")] == [
        {"a": 1},
        {"a": 2},
        {"a": 1},
    ]
    assert parse.calls == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"\x00" * 500])
def test_damaged_file_is_parsed_and_replaced(tmp_path: Path, damage: bytes) -> None:
    parse = Parser()
    read_through(b"a: 1", parse, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert [read_through(b"a: 1", parse, tmp_path) for _ in range(2)] == [{"a": 1}] * 2
    assert parse.calls == 2


def test_value_that_would_change_is_not_kept(tmp_path: Path) -> None:
    """YAML reads an unquoted date as a date, which MessagePack would return as a text."""
    parse = Parser()
    values = [read_through(b"day: 2026-03-02", parse, tmp_path) for _ in range(2)]
    assert values == [yaml.safe_load(b"day: 2026-03-02")] * 2
    assert parse.calls == 2


def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert read_through(b"a: 1", Parser(), tmp_path / "file" / "folder") == {"a": 1}


def test_old_files_are_removed(tmp_path: Path) -> None:
    for number in range(FILES_MAX + 3):
        read_through(f"a: {number}".encode(), Parser(), tmp_path)
    assert len(list(tmp_path.iterdir())) == FILES_MAX


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has another convention")
def test_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "sendproof" / "documents"


@pytest.mark.parametrize("contract", sorted(CONTRACTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_contract_can_be_kept(contract: Path, tmp_path: Path) -> None:
    parse = Parser()
    first, second = (read_through(contract.read_bytes(), parse, tmp_path) for _ in range(2))
    assert (first, parse.calls) == (second, 1)
