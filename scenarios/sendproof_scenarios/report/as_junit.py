"""The verdict for a CI server: `junit.xml`, one test case a check."""

from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sendproof_scenarios.history import History
from sendproof_scenarios.instants import iso
from sendproof_scenarios.report.words import counted
from sendproof_scenarios.verdict import Group, Result, Verdict


def render(verdict: Verdict, history: History) -> str:
    """JUnit XML as Jenkins, GitLab and GitHub read it. `unknown` is a skipped case that says why."""
    standings = Counter(result.standing for result in verdict.results)
    suites = Element("testsuites", name="sendproof")
    suite = SubElement(
        suites,
        "testsuite",
        name=f"sendproof {history.header.sandbox if verdict.scenario is None else verdict.scenario.file}",
        tests=str(len(verdict.results)),
        failures=str(standings["fail"]),
        errors=str(standings["error"]),
        skipped=str(standings["unknown"]),
        timestamp=iso(history.header.ended).rstrip("Z"),
    )
    properties = SubElement(suite, "properties")
    if verdict.scenario is not None:
        SubElement(properties, "property", name="scenario", value=_clean(verdict.scenario.name))
    SubElement(properties, "property", name="seed", value=str(verdict.seed))
    SubElement(properties, "property", name="verdict", value=verdict.standing)
    for row in verdict.faults:
        value = f"{row.fault} at {row.target} {row.nth} of {row.where}, {row.when}: struck {row.struck}; {row.effect}"
        SubElement(properties, "property", name=f"fault {row.id}", value=_clean(value))
    for result in verdict.results:
        _case(suite, result)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


_ELEMENT = {"fail": "failure", "error": "error", "unknown": "skipped"}


def _case(suite: Element, result: Result) -> None:
    family, _, _ = result.check.id.partition(".")
    case = SubElement(
        suite, "testcase", classname=f"sendproof.{family}", name=f"{result.check.id}: {result.check.title}", time="0"
    )
    if result.standing in _ELEMENT:
        element = SubElement(case, _ELEMENT[result.standing], message=_message(result))
        element.text = _clean("\n\n".join(_group(group) for group in result.groups))
    seen = SubElement(case, "system-out")
    seen.text = f"looked at {counted(result.looked_at, result.unit)}; {result.check.requirement.number}"


def _message(result: Result) -> str:
    if not result.groups:
        return f"nothing to look at: no {result.unit}"
    return _clean("; ".join(f"{group.cause} ({group.count:,})" for group in result.groups if group.level != "note"))


def _group(group: Group) -> str:
    head = f"{group.level}: {group.cause} ({group.count:,}, blame: {group.blame})"
    examples = (f"  {some.where}\n    expected {some.expected}\n    got      {some.got}" for some in group.examples)
    return "\n".join((head, *examples))


def _clean(text: str) -> str:
    """XML has no way to write most control characters, and a bridge may send any."""
    return "".join(
        character if character >= " " or character in "\t\n" else "\N{REPLACEMENT CHARACTER}" for character in text
    )
