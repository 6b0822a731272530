"""The verdict on a load test for a CI server: `junit.xml`, one test case a level."""

from sendproof_harness.load.verdict import JudgedLevel, LoadVerdict
from sendproof_harness.report.junit import Case, document


def render(verdict: LoadVerdict) -> str:
    """The whole file as text. Its timestamp is when the load test began: whatever came later took real time."""
    result = verdict.result
    properties = {
        "load": result.title,
        **result.settings,
        "seed": str(result.seed),
        "verdict": verdict.status,
        "limit": verdict.bottleneck.sentence,
    }
    return document(f"load {result.kind}", result.began, properties, [_case(one) for one in verdict.judged])


def _case(one: JudgedLevel) -> Case:
    blame = "" if one.blame is None else f", blame: {one.blame}"
    return Case(
        family="load",
        name=f"{one.id}: {one.title}",
        status=one.status,
        message=f"expected {one.expected}, got {one.got}{blame}",
        details="\n".join((one.why, *one.examples)).strip(),
        output=one.got,
    )
