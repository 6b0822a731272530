"""All scenarios in one JUnit file: the suites of their reports, and a suite for each that was not judged."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.report.combined.annotations import RUN_RULE
from sendproof_harness.report.combined.record import Outcome, RecordError
from sendproof_harness.report.combined.verdicts import ClientVerdict
from sendproof_harness.report.junit import Case, suite_element, suites_text

_MAX_BYTES = 50_000_000


def render(outcomes: Iterable[Outcome], verdicts: Sequence[ClientVerdict]) -> str:
    """Return the file as text. One that --fail-fast left out is skipped."""
    unjudged = (_unjudged(outcome) for outcome in outcomes if not outcome.has_reports)
    return suites_text([*unjudged, *(suite for client in verdicts for suite in _suites(client.folder / "junit.xml"))])


def _suites(file: Path) -> Iterable[Element]:
    try:
        return list(fromstring(read_bounded(file, _MAX_BYTES)))  # noqa: S314 - expat bounds entities
    except (OSError, FileTooLargeError, ParseError) as error:
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
