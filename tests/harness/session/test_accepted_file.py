"""The file of accepted failures."""

from datetime import date

import pytest

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.session.accepted_file import load_accepted

ENTRY = """\
  - scenario: first_campaign
    check: metrics.accurate
    cause: "the total of sent"
    reason: ticket 812
    expires: 2026-12-31
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        file = tmp_path / "accepted.yaml"
        file.write_text(text)
        return load_accepted(file)

    return load_text


def problems(load, text):
    """Return the messages about a text, without the folder."""
    with pytest.raises(InvalidFileError) as invalid:
        load(text)
    return [line.rpartition("accepted.yaml:")[2] for line in str(invalid.value).splitlines()]


def test_entries_have_their_place(load, tmp_path):
    (entry,) = load("accepted:\n" + ENTRY)

    assert (entry.check, entry.expires) == ("metrics.accurate", date(2026, 12, 31))
    assert entry.place == f"{tmp_path}/accepted.yaml:2"


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("metrics.accurate", "metrics.acurate", 'unknown check "metrics.acurate"; did you mean "metrics.accurate"?'),
        ("metrics.accurate", "run.completed", "expected another check than run.completed; such a run proves nothing"),
        ("2026-12-31", "2026-02-30", 'expected the last day of the acceptance, such as 2026-12-31, got "2026-02-30"'),
        ("    reason: ticket 812\n", "", 'missing key "reason": expected the reason, in words'),
        ("expires", "expire", 'unknown key, did you mean "expires"?'),
    ],
)
def test_wrong_entry_is_refused_with_its_line(load, right, wrong, problem):
    assert any(line.endswith(problem) for line in problems(load, "accepted:\n" + ENTRY.replace(right, wrong)))


def test_two_entries_for_one_cause_are_refused(load):
    wider = ENTRY.replace("the total of sent", "the total")

    assert problems(load, "accepted:\n" + ENTRY + wider) == [
        "2: accepted[0]: the entry on line 7 accepts this already; remove one of the two"
    ]


def test_entry_that_is_repeated_often_is_refused_once_each(load):
    assert len(problems(load, "accepted:\n" + ENTRY * 20)) == 19
