"""The audit of the lock files: a package without a result was not audited, whatever status pip-audit has."""

from audit import CLEAN, NOT_AUDITED, VULNERABLE, parts_with_one_version_each, read_report
from locks import Pin

PINS = [Pin("click", "8.5.1", "", ()), Pin("colorama", "0.4.6", "sys_platform == 'win32'", ())]
CLICK = {"name": "click", "version": "8.5.1", "vulns": []}
COLORAMA = {"name": "colorama", "version": "0.4.6", "vulns": []}


def audited(*rows):
    """Return the audit of the two packages."""
    return read_report("a.lock", PINS, {"dependencies": list(rows), "fixes": []})


def test_packages_without_vulnerability_are_clean():
    result = audited(CLICK, COLORAMA)
    assert (result.status, result.lines()) == (CLEAN, ["a.lock: 2 packages, no known vulnerability"])


def test_vulnerability_is_named_with_the_version_that_repairs_it():
    """It decides, even if another package was not checked."""
    result = audited({**CLICK, "vulns": [{"id": "PYSEC-1", "fix_versions": ["8.6"], "aliases": []}]})
    assert result.status == VULNERABLE
    assert result.lines()[0] == "a.lock: click 8.5.1 has PYSEC-1; repaired in 8.6"


def test_skipped_package_is_not_audited():
    """pip-audit ends with status 0 if the service knows none of the packages."""
    result = audited({"name": "click", "skip_reason": "not found"}, COLORAMA)
    assert result.status == NOT_AUDITED
    (sentence,) = result.lines()
    assert sentence.startswith("a.lock: NOT AUDITED: expected a result for 2 packages, got none for 1 (click); run it")


def test_package_for_another_platform_is_audited_too():
    """pip-audit leaves it out of its report if it sees the marker."""
    assert audited(CLICK).unchecked == ("colorama",)


def test_report_about_nothing_is_not_clean():
    assert read_report("a.lock", PINS, {}).status == NOT_AUDITED


def test_package_with_a_version_for_each_platform_is_audited_in_each():
    """pip-audit refuses a list with two versions of one package."""
    older = Pin("click", "8.4.0", "python_full_version < '3.11.5'", ())
    assert parts_with_one_version_each([older, *PINS]) == [[older, PINS[1]], [PINS[0]]]
