"""Files that are named by mistake, or come from others: each is refused with a sentence, whatever its size."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sendproof_harness.handover import reader as handover
from sendproof_harness.history.reader import read_history
from sendproof_harness.load.model import read_result
from sendproof_harness.scenario.yaml_source import parse_document, read_text


def read_scenario(path: Path) -> object:
    return parse_document(read_text(path, "a scenario"), "a.yaml")


READERS = [read_scenario, handover.read, read_history, read_result]


@pytest.mark.parametrize("read", READERS)
def test_endless_file_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """A sparse file acts as a device without an end."""
    path = tmp_path / "a.file"
    with path.open("wb") as file:
        file.truncate(200_000_000)

    with pytest.raises(ValueError, match=r"expected .* at most|this is no history"):
        read(path)


@pytest.mark.parametrize("read", READERS)
def test_file_nested_too_deeply_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "a.file"
    path.write_bytes(b'{"kind":"history","version":1,"sendproof_load":1,"a":' + b"[" * 100_000)

    with pytest.raises(ValueError, match=r"expected|line 1"):
        read(path)
