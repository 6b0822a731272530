"""JUnit XML as Jenkins, GitLab and GitHub read it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sendproof_harness.judge.verdict import Status

_ELEMENT: Mapping[Status, str] = {"fail": "failure", "error": "error", "unknown": "skipped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case. `message` and `details` say why it did not pass, `seen` what was looked at."""

    family: str
    name: str
    standing: Status
    message: str
    details: str
    seen: str


def document(name: str, ended: str, properties: Mapping[str, str], cases: Sequence[Case]) -> str:
    """One suite as text. `unknown` is a skipped case that says why; `ended` is ISO 8601 in UTC."""
    standings = Counter(case.standing for case in cases)
    suites = Element("testsuites", name="sendproof")
    suite = SubElement(
        suites,
        "testsuite",
        name=f"sendproof {name}",
        tests=str(len(cases)),
        failures=str(standings["fail"]),
        errors=str(standings["error"]),
        skipped=str(standings["unknown"]),
        timestamp=ended.rstrip("Z"),
    )
    noted = SubElement(suite, "properties")
    for key, value in properties.items():
        SubElement(noted, "property", name=key, value=_clean(value))
    for case in cases:
        _add(suite, case)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _add(suite: Element, case: Case) -> None:
    element = SubElement(suite, "testcase", classname=f"sendproof.{case.family}", name=_clean(case.name), time="0")
    if case.standing in _ELEMENT:
        why = SubElement(element, _ELEMENT[case.standing], message=_clean(case.message))
        why.text = _clean(case.details)
    seen = SubElement(element, "system-out")
    seen.text = _clean(case.seen)


def _clean(text: str) -> str:
    """XML has no way to write most control characters, and a bridge may send any."""
    return "".join(
        character if character >= " " or character in "\t\n" else "\N{REPLACEMENT CHARACTER}" for character in text
    )
