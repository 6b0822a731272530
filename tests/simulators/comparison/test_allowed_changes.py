"""Changes that a team allows: by their text, with a reason, perhaps until a day."""

from datetime import date
from pathlib import Path

import pytest

from compared_contracts import OPERATION, changed, changes
from sendproof_simulators.comparison.allowed_changes import allow, read_allowed
from sendproof_simulators.comparison.changes import most_severe

STRICTER = changes(changed((*OPERATION, "x-limits"), [{"name": "numbers", "most": 50}]))
ENTRY = "- change: 'api.yaml send: limit numbers: at most 100 -> at most 50'\n  reason: we send 10\n"
TODAY = date(2026, 11, 29)


def entries(tmp_path: Path, text: str) -> list:
    (tmp_path / "allowed.yaml").write_text(text)
    return read_allowed(tmp_path / "allowed.yaml")


def test_allowed_change_does_not_count(tmp_path: Path) -> None:
    found = allow(STRICTER, entries(tmp_path, ENTRY), TODAY)
    assert (most_severe(STRICTER), most_severe(found.changes)) == ("breaking", "harmless")
    assert (found.changes[0].allowed, found.unused) == ("we send 10", [])


def test_permission_does_not_hold_for_another_value_and_is_reported(tmp_path: Path) -> None:
    found = allow(STRICTER, entries(tmp_path, ENTRY.replace("most 50", "most 60")), TODAY)
    assert most_severe(found.changes) == "breaking"
    assert found.unused == ["no such change: api.yaml send: limit numbers: at most 100 -> at most 60"]


def test_permission_ends_after_its_last_day(tmp_path: Path) -> None:
    last_day, ended = (entries(tmp_path, f"{ENTRY}  expires: {day}") for day in ("2026-11-29", "2026-11-28"))
    assert most_severe(allow(STRICTER, last_day, TODAY).changes) == "harmless"
    assert most_severe(allow(STRICTER, ended, TODAY).changes) == "breaking"
    assert allow(STRICTER, ended, TODAY).unused[0].startswith("expired on 2026-11-28: api.yaml send")


@pytest.mark.parametrize(
    "text", ["a: 1", "- 1", "- change: x", "- {change: x, reason: ''}", "- {change: x, reason: y, expires: soon}", "["]
)
def test_wrong_file_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"allowed\.yaml.*expected"):
        entries(tmp_path, text)
