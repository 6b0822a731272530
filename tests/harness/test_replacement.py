"""A file that replaces another one as a whole touches nothing else in its folder."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sendproof_harness.certificate.bundle import SUMS, write_bundle
from sendproof_harness.handover.write import write_private
from sendproof_harness.replacement import replacing
from sendproof_harness.report.combined.record import Record, write_record

# Names that a writer could choose next to its target.
ENDINGS = (".part", ".new", ".partial", ".tmp")
FIRST_NAME = ".sendproof-1.part"


WRITERS: dict[str, Callable[[Path], object]] = {
    "certificate.zip": lambda target: write_bundle(target, {SUMS: b"", "a": b"content"}),
    "handover.json": lambda target: write_private("text", target),
    "session.json": lambda target: write_record(target.parent, Record()),
}


@pytest.mark.parametrize("name", WRITERS)
def test_link_and_file_with_a_likely_name_stay(name, tmp_path):
    """In a folder of someone else, the link may lead to any file of the user."""
    (own := tmp_path / "own").write_text("mine")
    (folder := tmp_path / "folder").mkdir()
    names = [f"{name}{ending}" for ending in ENDINGS] + [FIRST_NAME]
    for index, other in enumerate(names):
        (folder / other).symlink_to(own) if index % 2 == 0 else (folder / other).write_text("mine")
    WRITERS[name](folder / name)
    assert (folder / name).stat().st_size > 0
    assert [(folder / other).read_text() for other in names] == ["mine"] * len(names)


def test_file_replaces_its_target_only_after_the_block(tmp_path):
    (target := tmp_path / "target").write_text("old")
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_text() == "old"
    assert (target.read_text(), [*tmp_path.iterdir()]) == ("new", [target])


def test_error_leaves_the_target_and_no_other_file(tmp_path):
    (target := tmp_path / "target").write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(target) as file:
        file.write(b"%d" % (1 // 0))
    assert (target.read_text(), [*tmp_path.iterdir()]) == ("old", [target])


@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o640)])
def test_file_has_the_rights_of_a_new_one(private, mode, tmp_path):
    before = os.umask(0o027)
    with replacing(tmp_path / "target", private=private):
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "target").stat().st_mode) == mode
