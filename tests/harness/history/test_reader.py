"""Reading a history, and rejecting files that are none."""

import json

import pytest

from history_builder import seal_lines
from sendproof_harness.history.reader import HistoryError, parse_history, read_history
from sendproof_harness.history.seal import TOTAL_BYTES, add_seal, split_seal
from sendproof_harness.history.timestamps import iso


def test_each_kind_of_line_has_its_field(correct_run):
    """Lines keep their order, and times become instants."""
    history = correct_run.history()

    assert (history.header.seed, history.header.channels[0].provider) == (42, "textlocal")
    assert [obligation.customer for obligation in history.obligations] == [f"C{index:07d}" for index in range(12)]
    assert (len(history.deliveries), len(history.webhooks), len(history.metrics)) == (10, 11, 28)
    assert iso(history.obligations[0].due) == "2026-03-02T09:00:00.000Z"


def test_equal_texts_are_stored_once(correct_run):
    """A million recipients must fit in memory."""
    history = correct_run.history()

    assert history.deliveries[0].text is history.obligations[0].text


def test_faults_are_read(correct_run):
    """Faults are in the header, as lines, and as fields of requests and webhooks."""
    injected = {"id": "f1", "fault": "connection_reset", "effect": True, "response": "lost"}
    entry = {"id": "f1", "fault": "connection_reset", "call": "textlocal.send", "where": {}, "nth": 2, "times": "all",
             "when": "after", "seconds": 3}  # fmt: skip
    injection = {"kind": "fault", "id": "f1", "fault": "connection_reset", "target": "call", "service": "textlocal",
              "name": "send", "nth": 2, "when": "after", "n": 1, "at": "2026-03-02T06:00:00Z"}  # fmt: skip
    story = correct_run.change("request", lambda line: line | {"fault": injected})
    story = story.change("webhook", lambda line: line | {"fault": "f1"})
    story = story.change("delivery", lambda line: line | {"request": 7})
    story = story.change("history", lambda line: line | {"faults": [entry]})
    history = story.plus(injection).history()
    assert (history.header.faults[0].call, history.header.faults[0].times) == ("textlocal.send", "all")
    assert [(fault.id, fault.target, fault.nth, fault.missed) for fault in history.faults] == [("f1", "call", 2, False)]
    assert (history.requests[0].fault.effect, history.requests[0].fault.response) == (True, "lost")
    assert (history.webhooks[0].fault, history.deliveries[0].request) == ("f1", 7)


def test_a_history_without_faults_has_none(correct_run):
    history = correct_run.history()
    assert (history.header.faults, history.faults) == ((), ())
    assert {line.fault for line in (*history.requests, *history.webhooks)} == {None}


def test_unknown_keys_are_ignored(correct_run):
    """A later Sendproof may add keys within the same version of the format."""
    story = correct_run.change("delivery", lambda line: line | {"colour": "blue"})

    assert len(story.history().deliveries) == 10


def test_file_without_a_last_line_end_is_complete(correct_run, tmp_path):
    path = tmp_path / "history.ndjson"
    path.write_bytes(b"".join(correct_run.encoded()).rstrip())

    assert len(read_history(path).metrics) == 28


@pytest.mark.parametrize(
    "first", [b"", b"\n", b"not json\n", b"[1,2]\n", b'{"kind":"delivery"}\n', b"\xff\xfe\x00"], ids=repr
)
def test_file_with_another_first_line_is_rejected(first):
    with pytest.raises(HistoryError, match="line 1: this is no history: expected a first line"):
        parse_history([first])


def test_other_version_is_rejected(correct_run):
    with pytest.raises(HistoryError, match="line 1: expected history version 1, got 2"):
        parse_history([json.dumps(correct_run.lines[0] | {"version": 2}).encode()])


def test_line_that_is_cut_off_is_rejected(correct_run):
    """An incomplete history must not be judged."""
    lines = correct_run.encoded()
    cut = [*lines[:-1], lines[-1][:40]]

    with pytest.raises(HistoryError, match=f"line {len(lines)}: the line is cut off"):
        parse_history(cut)


def test_missing_end_is_rejected(correct_run):
    """A file that was cut between two lines looks complete otherwise."""
    with pytest.raises(HistoryError, match=r'line 83: expected a last line {"kind":"end",...}, got none; the history'):
        parse_history(correct_run.encoded()[:-1])


def test_empty_lines_are_skipped(correct_run):
    lines = correct_run.encoded()
    assert len(parse_history([*lines[:40], b"\n", *lines[40:]]).metrics) == 28


def test_dropped_line_is_named_by_the_next_one(correct_run):
    lines = correct_run.encoded()
    with pytest.raises(HistoryError, match="line 41: this line was altered, or a line directly before it was added, "):
        parse_history([*lines[:40], *lines[41:]])


def test_swapped_lines_are_rejected(correct_run):
    lines = correct_run.encoded()
    with pytest.raises(HistoryError, match="line 41: this line was altered"):
        parse_history([*lines[:40], lines[41], lines[40], *lines[42:]])


def test_altered_line_is_named(correct_run):
    """Another seed would give other obligations to the same run."""
    lines = correct_run.encoded()
    with pytest.raises(HistoryError, match="line 1: this line was altered"):
        parse_history([lines[0].replace(b'"seed": 42', b'"seed": 43'), *lines[1:]])


def test_line_without_a_seal_is_rejected(correct_run):
    lines = correct_run.encoded()
    with pytest.raises(HistoryError, match="line 2: expected a line that ends with its seal, got none"):
        parse_history([lines[0], json.dumps(correct_run.lines[1]).encode(), *lines[2:]])


def test_history_has_the_seal_of_its_last_line(correct_run):
    """It stands for the whole file, so two files with equal seals are equal."""
    changed = correct_run.change_delivery_to(3, text="Hello").history()
    assert len(changed.seal) == 2 * TOTAL_BYTES
    assert changed.seal != correct_run.history().seal


def test_line_after_the_end_is_rejected(correct_run):
    lines = correct_run.encoded()
    _, end_seal = split_seal(lines[-1])
    added = add_seal(end_seal, split_seal(lines[-2])[0])[1]

    with pytest.raises(
        HistoryError, match=r'line 85: expected no line after the end of the history, got {"at": "2026-03-09'
    ):
        parse_history([*lines, added])


def test_unknown_kind_is_rejected(correct_run):
    """A skipped line could be important to a check."""
    unknown = {"n": 1, "at": "2026-03-02T06:00:00Z", "kind": "telepathy"}

    with pytest.raises(HistoryError, match=r"line 84: unknown kind 'telepathy'; expected one of aborted, action, attr"):
        correct_run.plus(unknown).history()


def test_wrong_value_is_rejected_with_its_place(correct_run):
    story = correct_run.plus(correct_run.lines_of("delivery")[0] | {"send_at": "yesterday"})

    with pytest.raises(HistoryError, match=r"line 84: expected a time with a zone .*send_at"):
        story.history()


@pytest.mark.parametrize("field", ["links", "overridden_values", "apps", "preference_channels"])
def test_name_in_place_of_a_channel_is_rejected_with_its_place(correct_run, field):
    scenario = {"n": 0, "at": "2026-03-02T06:00:00Z", "kind": "scenario", "name": "Small", "file": "small"}

    with pytest.raises(HistoryError, match=rf"Expected `int`, got `str` - at `key` in `\$.{field}`"):
        correct_run.plus(scenario | {field: {"first": {}}}).history()


@pytest.mark.parametrize(("position", "field"), [(0, b'"sandbox": "'), (25, b'"at": "')])
def test_text_that_is_no_utf_8_is_named(correct_run, position, field):
    """A damaged file is no defect of Sendproof."""
    lines = [json.dumps(line).encode() for line in correct_run.lines]
    lines[position] = lines[position].replace(field, field + b"\xff", 1)
    with pytest.raises(HistoryError, match=f"line {position + 1}: "):
        parse_history(seal_lines([*lines, b"{}"]))


RUN = {"n": 0, "at": "2026-03-02T06:00:00Z", "kind": "run", "sendproof": "0.1.0", "began": "2026-03-02T06:00:00.000Z",
       "duration_s": 1.5, "bridge": "./b", "options": {}, "python": "3.11", "platform": "", "cores": 2}  # fmt: skip


@pytest.mark.parametrize(
    "hostile",
    [{"began": began} for began in ("yesterday", "2026-03-02", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z")]
    + [{"duration_s": duration} for duration in (1e308, -1, "1")],
    ids=str,
)
def test_circumstances_that_no_report_can_show_are_rejected(correct_run, hostile):
    assert correct_run.plus(RUN).history().runs[0].duration_s == 1.5
    with pytest.raises(HistoryError, match=r"line 84: .*[Ee]xpected .*"):
        correct_run.plus(RUN | hostile).history()


@pytest.mark.parametrize(
    "summary",
    [
        *({name: "x"} for name in ("skip", "top", "most", "rows", "accepted", "targets", "late_clearance")),
        *({name: 7} for name in ("first", "expired", "outside_scope", "unknown_channel", "sender")),
        {"unknown_channel": {"channel": 505}},
        {"general_only": []},
        {"campaign": [1]},
    ],
    ids=str,
)
def test_summary_of_other_types_is_rejected(correct_run, summary):
    request = correct_run.lines_of("request")[0]
    hostile = request | {"summary": {"campaign": 7001, "channel": 505} | summary}
    with pytest.raises(HistoryError, match=r"line 84: (Expected|Object missing) .*\$\."):
        correct_run.plus(hostile).history()


def test_summary_of_a_page_names_its_campaign(correct_run):
    page = correct_run.lines_of("request")[0] | {"operation": "GetCustomerSendDetailsByChannel", "status": 200}
    with pytest.raises(HistoryError, match="line 84: expected campaign and channel in the summary of a page"):
        correct_run.plus(page | {"summary": {"rows": 3}}).history()
    assert correct_run.plus(page | {"summary": {"outside_scope": ["EMAIL"]}, "status": 403}).history().requests


@pytest.mark.parametrize("year", ["0001", "1899", "3100", "9999"])
def test_time_from_which_no_week_can_be_counted_is_rejected(correct_run, year):
    story = correct_run.plus(correct_run.lines_of("delivery")[0] | {"send_at": f"{year}-06-01T00:00:00Z"})
    with pytest.raises(HistoryError, match=r"line 84: expected a time .* in the years 1900 to 3099, got .*send_at"):
        story.history()
