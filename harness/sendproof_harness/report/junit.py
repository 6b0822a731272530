"""JUnit XML in the form that Jenkins, GitLab and GitHub read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sendproof_harness.judge.verdict import Status

_STATUS_ELEMENTS: Mapping[Status, str] = {"fail": "failure", "error": "error", "unknown": "skipped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case. `message` and `details` give the reason of a failure, `output` the examined items."""

    family: str
    name: str
    status: Status
    message: str
    details: str
    output: str


def document(name: str, ended: str, properties: Mapping[str, str], cases: Sequence[Case]) -> str:
    """Return one suite as text. `unknown` is a skipped case with a reason; `ended` is ISO 8601 in UTC."""
    counts = Counter(case.status for case in cases)
    suites = Element("testsuites", name="sendproof")
    suite = SubElement(
        suites,
        "testsuite",
        name=f"sendproof {name}",
        tests=str(len(cases)),
        failures=str(counts["fail"]),
        errors=str(counts["error"]),
        skipped=str(counts["unknown"]),
        timestamp=ended.rstrip("Z"),
    )
    properties_element = SubElement(suite, "properties")
    for key, value in properties.items():
        SubElement(properties_element, "property", name=key, value=_printable(value))
    for case in cases:
        _add_case(suite, case)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _add_case(suite: Element, case: Case) -> None:
    classname = f"sendproof.{case.family}"
    element = SubElement(suite, "testcase", classname=classname, name=_printable(case.name), time="0")
    if case.status in _STATUS_ELEMENTS:
        reason = SubElement(element, _STATUS_ELEMENTS[case.status], message=_printable(case.message))
        reason.text = _printable(case.details)
    output = SubElement(element, "system-out")
    output.text = _printable(case.output)


def _printable(text: str) -> str:
    """Replace control characters: XML cannot contain most of them, and a bridge may send any."""
    return "".join(
        character if character >= " " or character in "\t\n" else "\N{REPLACEMENT CHARACTER}" for character in text
    )
