"""The licences of the dependencies: the table is current, and each licence is allowed with a reason."""

import re
import tomllib
from pathlib import Path

import pytest

from licences import INCLUDED, TABLE, Licensed, read_allowed, refused
from locks import MAIN, ROOT, read_pins


def packages_of_the_table():
    """Return the rows of THIRD_PARTY.md."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TABLE.read_text(), re.MULTILINE)
    return [Licensed(*row) for row in rows if row[1] not in {"version", "---"}]


def test_table_lists_the_packages_of_the_lock_file():
    """`make licences` updates it after `make lock`."""
    known = {(package.name, package.version) for package in (*read_pins(MAIN), *INCLUDED)}
    assert {(row.name, row.version) for row in packages_of_the_table()} == known


def test_library_that_is_included_twice_is_the_same_in_both_places():
    page = ROOT / "simulators/sendproof_simulators/page/vendor/uplot.js"
    assert page.read_bytes() == next(file for library, file in INCLUDED.items() if library.name == "uplot").read_bytes()


def test_each_included_library_has_its_licence_in_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [file for file in project["license-files"] if not (ROOT / file).is_file()] == []
    assert {Path(file).stem for file in project["license-files"]} >= {"htm", "preact", "uplot"}


def test_each_licence_of_the_table_is_allowed():
    assert refused(packages_of_the_table(), read_allowed()) == []


def test_each_allowed_licence_has_a_reason():
    assert [name for name, reason in read_allowed().items() if len(reason.split()) < 3] == []


@pytest.mark.parametrize(
    ("licence", "parts"),
    [
        ("MIT", ["MIT"]),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", ["MIT", "Apache-2.0", "GPL-3.0-only"]),
        (
            "DFSG approved; Mozilla Public License 2.0 (MPL 2.0)",
            ["DFSG approved", "Mozilla Public License 2.0 (MPL 2.0)"],
        ),
    ],
)
def test_each_part_of_a_declared_licence_is_checked(licence, parts):
    assert Licensed("any", "1", licence).parts() == parts


def test_unknown_licence_is_refused_with_what_to_do():
    (sentence,) = refused([Licensed("any", "1", "MIT AND GPL-3.0-only")], {"MIT": "permissive"})
    assert sentence.startswith("any 1: expected an allowed licence, got 'GPL-3.0-only'; replace the package")
