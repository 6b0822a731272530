"""JUnit XML in the form that Jenkins, GitLab and GitHub read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sendproof_harness.judge.verdict import Status
from sendproof_harness.output import visible

# CI servers show a skipped case as neutral, which an unknown one is not.
_STATUS_ELEMENTS: Mapping[Status, str] = {"fail": "failure", "error": "error", "unknown": "error"}
_NEUTRAL_ELEMENT = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case. `message` and `details` give the reason of a failure, `output` the examined items.

    `is_neutral`: the case is unknown, and need not fail the job, because it is allowed or follows from another case.
    """

    family: str
    name: str
    status: Status
    message: str
    details: str
    output: str
    is_neutral: bool = False

    @property
    def element(self) -> str | None:
        """The name of the element with the reason; None for a case that passes."""
        return _NEUTRAL_ELEMENT if self.is_neutral else _STATUS_ELEMENTS.get(self.status)


def document(name: str, ended: str, properties: Mapping[str, str], cases: Sequence[Case]) -> str:
    """Return one suite as text. `unknown` is an error, or skipped if it is neutral; `ended` is ISO 8601 in UTC."""
    return suites_text([suite_element(name, ended, properties, cases)])


def suites_text(suites: Iterable[Element]) -> str:
    """Return a file with these suites as text."""
    root = Element("testsuites", name="sendproof")
    root.extend(suites)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def suite_element(name: str, ended: str | None, properties: Mapping[str, str], cases: Sequence[Case]) -> Element:
    """Return one suite, as for `document`; one that has no end has no time."""
    counts = Counter(case.element for case in cases)
    suite = Element(
        "testsuite",
        name=visible(f"sendproof {name}"),
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
    )
    if ended is not None:
        suite.set("timestamp", ended.rstrip("Z"))
    properties_element = SubElement(suite, "properties")
    for key, value in properties.items():
        SubElement(properties_element, "property", name=visible(key), value=visible(value))
    for case in cases:
        _add_case(suite, case)
    return suite


def _add_case(suite: Element, case: Case) -> None:
    classname = f"sendproof.{case.family}"
    element = SubElement(suite, "testcase", classname=classname, name=visible(case.name), time="0")
    if case.element is not None:
        reason = SubElement(element, case.element, message=visible(case.message))
        reason.text = visible(case.details)
    output = SubElement(element, "system-out")
    output.text = visible(case.output)
