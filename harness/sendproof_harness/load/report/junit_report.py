"""JUnit report of a load test, for CI: `junit.xml` with one test case per level."""

from sendproof_harness.load.verdict import JudgedLevel, LoadVerdict
from sendproof_harness.report.junit import Case, document


def render(verdict: LoadVerdict) -> str:
    """Return the file as text. Its timestamp is the start of the load test."""
    result = verdict.result
    properties = {
        "load": result.title,
        **result.settings,
        "seed": str(result.seed),
        "verdict": verdict.status,
        "bottleneck": verdict.bottleneck.sentence,
    }
    return document(f"load {result.kind}", result.began, properties, [_case(level) for level in verdict.levels])


def _case(level: JudgedLevel) -> Case:
    blame = "" if level.blame is None else f", blame: {level.blame}"
    return Case(
        family="load",
        name=f"{level.id}: {level.title}",
        status=level.status,
        message=f"expected {level.expected}, got {level.got}{blame}",
        details="\n".join((level.why, *level.examples)).strip(),
        output=level.got,
    )
