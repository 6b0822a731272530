"""Reports to Optimove around a time when the client's admin had disabled the bridge's key."""

import pytest

from fault_helpers import with_key_outage
from history_builder import FIRST_SEND, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, HOUR, parse_instant
from sendproof_harness.judge.checks.reports import metrics

DISABLED = FIRST_SEND + 2 * DAY


def without_pushes(run: HistoryBuilder, start: int, end: int) -> HistoryBuilder:
    return run.without("metrics", lambda line: start < parse_instant(line["at"]) < end)


@pytest.mark.parametrize(
    ("outage", "silence", "causes"),
    [
        (25 * HOUR, 25 * HOUR, []),
        (4 * HOUR, 2 * DAY, ["metrics pushed too rarely", "no metrics for a whole day"]),
    ],
)
def test_pushes_are_missing_only_while_the_key_is_disabled(correct_run, outage, silence, causes):
    run = with_key_outage(correct_run, DISABLED, DISABLED + outage)
    run = without_pushes(run, DISABLED, DISABLED + silence)

    assert [finding.cause for finding in run.findings(metrics.CHECKS[:1])] == causes
