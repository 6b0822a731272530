"""SECURITY.md: each protection names tests that exist, and the page contains no figures that get old."""

import re

import pytest

from repository import ROOT

TEXT = (ROOT / "SECURITY.md").read_text()
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", TEXT.partition("## Tests")[2], re.MULTILINE)
PROTECTIONS = [row for row in ROWS if row[0] not in {"protection", "---"}]


@pytest.mark.parametrize("row", PROTECTIONS, ids=lambda row: row[0])
def test_quick_tests_of_a_protection_exist(row):
    paths = re.findall(r"`(tests/[^`]+)`", row[1])
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_each_long_test_is_a_target():
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for row in PROTECTIONS for target in re.findall(r"`make ([a-z-]+)`", row[2])}
    assert named
    assert named <= targets


def test_figures_are_printed_by_the_targets():
    assert re.findall(r"\b\d{3,}\b", TEXT) == []
