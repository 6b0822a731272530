"""All scenarios in one JUnit file: the suites of their reports, and a suite for each that was not judged."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from sendproof_harness.bounded_file import read_bounded
from sendproof_harness.report.combined.annotations import RUN_RULE
from sendproof_harness.report.combined.record import Outcome, RecordError
from sendproof_harness.report.combined.verdicts import ClientVerdict
from sendproof_harness.report.junit import Case, suite_element, suites_text

_MAX_BYTES = 50_000_000
# A report has five: testsuites, testsuite, testcase or properties, and what is in them.
_MAX_LEVELS = 20


def render(outcomes: Iterable[Outcome], verdicts: Sequence[ClientVerdict]) -> str:
    """Return the file as text. One that --fail-fast left out is skipped."""
    unjudged = (_unjudged(outcome) for outcome in outcomes if not outcome.has_reports)
    return suites_text([*unjudged, *(suite for client in verdicts for suite in _suites(client.folder / "junit.xml"))])


class _ShallowTree(TreeBuilder):
    """A tree of few levels: to write a deeper one would need a call within a call for each of them."""

    _level = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._level += 1
        if self._level > _MAX_LEVELS:
            raise ValueError(f"expected at most {_MAX_LEVELS} levels of elements, got more")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._level -= 1
        return super().end(tag)


def _suites(file: Path) -> Iterable[Element]:
    try:
        # Whatever encoding the file states, Sendproof has written UTF-8; expat bounds entities.
        parser = XMLParser(target=_ShallowTree(), encoding="utf-8")  # noqa: S314
        parser.feed(read_bounded(file, _MAX_BYTES))
        return list(parser.close())
    except (OSError, ValueError, ParseError) as error:
        raise RecordError(f"{file}: expected the JUnit report of a run: {error}") from error


def _unjudged(outcome: Outcome) -> Element:
    family, _, name = RUN_RULE.partition(".")
    case = Case(
        family=family,
        name=name,
        status=outcome.status,
        message=outcome.reason,
        details=outcome.reason,
        output=outcome.scenario,
        is_neutral=outcome.is_neutral,
    )
    return suite_element(outcome.scenario, None, {}, [case])
