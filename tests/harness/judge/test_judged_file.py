"""A large history gets the same verdict in bounded memory, whatever is in it."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fuzzing import tries
from history_builder import FIRST_SEND, HistoryBuilder, build_correct_run
from sendproof_harness.history.large.indexing import index_history
from sendproof_harness.history.large.recipient_classes import KEPT_OF_CLASS
from sendproof_harness.history.reader import HistoryError, read_history
from sendproof_harness.history.timestamps import HOUR, iso, parse_instant
from sendproof_harness.judge.judged_file import judge_file
from sendproof_harness.judge.verdict import EXAMPLES, judge

ALWAYS = 0
CUSTOMERS = 60


def build_reported_run():
    """Return a correct run that also names customers: those who were sent to, and one who opted out."""
    run = build_correct_run(CUSTOMERS, page=20)
    sent = [line["customer"] for line in run.lines_of("obligation") if line["owed"] and line["template"] == 11]
    interactions = {"kind": "interactions", "campaign": 7001, "channel": 505, "template": 11, "event_id": 0,
                    "date": "2026-03-02", "customers": sent}  # fmt: skip
    preference = {"kind": "preference", "source": "api", "channel": 505, "mode": 2, "opted_out": True,
                  "customers": ["C0000001"]}  # fmt: skip
    frame = {"n": 9_000, "at": iso(FIRST_SEND + HOUR), "real": 0.0}
    return run.plus(frame | interactions, frame | preference)


RUN = build_reported_run()


def stated(verdict):
    """Return a verdict without its single findings: all that a report shows, with the number of each group."""
    return replace(verdict, results=tuple(replace(result, findings=(), following=()) for result in verdict.results))


def write(run, folder):
    file = folder / "history.ndjson"
    file.write_bytes(b"".join(run.encoded()))
    return file


def test_correct_run_is_judged_with_few_recipients(tmp_path):
    """Three customers of each template and status are kept, and those whom other lines name."""
    judged = judge_file(write(RUN, tmp_path), ALWAYS)
    history, verdict = judged.history, judged.verdict

    assert (verdict.status, verdict.ledger["ok"], verdict.ledger["withheld"]) == ("pass", 58, 2)
    assert len(history.obligations) < 25
    assert verdict == judge(RUN.history())


def test_users_with_ids_of_customers_are_condensed(tmp_path):
    customers = {line["number"]: line["customer"] for line in RUN.lines_of("obligation")}
    run = RUN.change("delivery", lambda line: line | {"user": customers[line["number"]]})

    assert len(judge_file(write(run, tmp_path), ALWAYS).history.obligations) < 25


@pytest.mark.parametrize("count", [10, 20])
def test_different_mails_with_one_message_id_are_found_wherever_they_are(count, tmp_path):
    """A bridge with several connections writes them in any order."""
    ids = [f"<{number % (CUSTOMERS - count)}@vendor.example>" for number in range(CUSTOMERS)]
    messages = {line["message"]: mail for line, mail in zip(RUN.lines_of("delivery"), ids, strict=False)}
    run = RUN.change("delivery", lambda line: line | {"message_id": messages[line["message"]]})

    assert index_history(write(run, tmp_path), ALWAYS) is None


def test_link_to_another_place_is_found_among_links_that_forward(tmp_path):
    """All of these e-mails differ from the due text."""
    channels = [{"id": 505, "provider": "smtp", "kind": "scheduled", "message": "email"}]
    due, forwarding = "News\nLook (https://shop.example)", "News\nLook (https://v.example/r?to=https://shop.example)"
    run = RUN.change("history", lambda line: line | {"channels": channels})
    run = run.change("obligation", lambda line: line | {"number": f"{line['number']}@example.com", "text": due})
    mail = {"service": "smtp", "message_type": "email", "text": forwarding}
    run = run.change("delivery", lambda line: line | mail | {"number": f"{line['number']}@example.com"})
    wrong = run.lines_of("delivery")[40]["message"]
    run = run.change(
        "delivery", lambda line: line | {"text": forwarding[:-12] + ")"} if line["message"] == wrong else line
    )
    (judged, whole) = (judge_file(write(run, tmp_path), ALWAYS).verdict.ledger, judge(run.history()).ledger)
    assert (judged["wrong text"], judged["ok"], judged) == (1, 57, whole)


def test_small_file_is_read_whole(tmp_path):
    assert len(judge_file(write(RUN, tmp_path)).history.obligations) == CUSTOMERS


@pytest.mark.parametrize("kind", ["obligation", "delivery", "delivery_status", "webhook", "interactions", "metrics"])
def test_altered_line_is_named(kind, tmp_path):
    """The seal is checked of every line, also of those that are not kept."""
    file = write(RUN, tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    number = max(number for number, line in enumerate(lines) if f'"{kind}"'.encode() in line)
    file.write_bytes(b"".join([*lines[:number], lines[number].replace(b"2026-", b"2027-", 1), *lines[number + 1 :]]))

    with pytest.raises(HistoryError, match=f"line {number + 1}: this line was altered"):
        judge_file(file, ALWAYS)


def test_unusual_line_prevents_condensing(tmp_path):
    trigger = {"kind": "trigger", "trigger": "t", "campaign": 8001, "channel": 505, "customer": "C0000009",
               "template": 11, "request_id": "r", "n": 9_001, "at": iso(FIRST_SEND + HOUR)}  # fmt: skip

    assert index_history(write(RUN.plus(trigger), tmp_path), ALWAYS) is None


def test_as_many_of_a_class_are_kept_as_a_finding_has_examples():
    assert KEPT_OF_CLASS == EXAMPLES


# -- the same defect in many lines ------------------------------------------------------------------


def sent_an_hour_late(line):
    return [line | {"send_at": iso(parse_instant(line["send_at"]) + HOUR)}]


def with_doubled_totals(line):
    return [line | {"items": [item | {"MetricValue": 2 * item["MetricValue"]} for item in line["items"]]}]


DEFECTS = {
    "late": ("delivery", sent_an_hour_late),
    "capitals": ("delivery", lambda line: [line | {"text": line["text"].upper()}]),
    "cut": ("delivery", lambda line: [line | {"text": line["text"][:10]}]),
    "zero kept": ("delivery", lambda line: [line | {"number": f"440{line['number'][2:]}"}]),
    "twice": ("delivery", lambda line: [line, line | {"message": f"{line['message']}x"}]),
    "as a test": ("delivery", lambda line: [line | {"test": True}]),
    "lost": ("delivery", lambda line: []),
    "status lost": ("delivery_status", lambda line: []),
    "undelivered": ("delivery_status", lambda line: [line | {"status": "undelivered", "letter": "U"}]),
    "refused": ("webhook", lambda line: [line | {"status": 500}]),
    "doubled": ("metrics", with_doubled_totals),
    "no totals": ("metrics", lambda line: []),
    "other day": ("interactions", lambda line: [line | {"date": "2026-03-05"}]),
    "repeated": ("interactions", lambda line: [line, line]),
    "half": ("interactions", lambda line: [line | {"customers": line["customers"][::2]}]),
    "no pages": ("request", lambda line: []),
    "unusable": ("obligation", lambda line: [line | {"owed": False, "reason": "unusable_number", "number": None,
                                                     "raw_number": line["number"]}]),
}  # fmt: skip


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize(("kind", "change"), DEFECTS.values(), ids=DEFECTS)
def test_failing_history_gets_the_same_verdict(kind, change, step, tmp_path):
    """With the causes, their numbers and examples; every `step`-th line has the defect."""
    number = iter(range(len(RUN.lines)))
    lines = [
        changed
        for line in RUN.lines
        for changed in (change(line) if line["kind"] == kind and next(number) % step == 0 else [line])
    ]
    file = write(HistoryBuilder(tuple(lines)), tmp_path)

    assert index_history(file, ALWAYS) is not None
    assert stated(judge_file(file, ALWAYS).verdict) == stated(judge(read_history(file)))


# -- e-mails ----------------------------------------------------------------------------------------


def address(number):
    return number and f"ann.{number}@example.com"


def mailed(fields):
    """Return the run with e-mails; `fields` gives more of each one, from it and from the one to the customer before."""
    run = RUN.change("obligation", lambda line: line | {"number": address(line["number"])})
    run = run.change("delivery", lambda line: line | {"number": address(line["number"])})
    sent = run.lines_of("delivery")
    before = dict(zip((line["message"] for line in sent), [*sent[-1:], *sent], strict=False))
    return run.change("delivery", lambda line: line | fields(line, before[line["message"]]))


def with_own_words(line, _):
    return {"plain": f"{line['text']} Bye.", "shown": ["archive@client.example"]}


def with_message_id(line, _):
    return {"message_id": f"<{line['message']}@a.example>"}


def with_subject(line, _):
    return {"plain": line["text"].upper()}


@pytest.mark.parametrize("fields", [with_own_words, with_subject, with_message_id])
def test_emails_with_plain_texts_and_an_archive_are_condensed(fields, tmp_path):
    judged = judge_file(write(mailed(fields), tmp_path), ALWAYS)

    assert judged.verdict.status == "pass"
    assert len(judged.history.obligations) < 25


def shown_to_the_next(_, before):
    return {"shown": [before["number"]]}


def shown_to_one(line, before):
    return {"shown": [before["number"]]} if line["number"].endswith("41@example.com") else {}


def plain_of_another(_, before):
    return {"plain": before["text"]}


def plain_of_another_to_one(line, before):
    return {"plain": before["text"]} if line["number"].endswith("41@example.com") else {}


def plain_with_placeholder(line, _):
    return {"plain": "Hello {{FIRST_NAME}}"} if line["number"].endswith("41@example.com") else {}


@pytest.mark.parametrize(
    "fields",
    [shown_to_the_next, shown_to_one, plain_of_another, plain_of_another_to_one, plain_with_placeholder],
)
def test_mixed_up_emails_get_the_same_verdict(fields, tmp_path):
    file = write(mailed(fields), tmp_path)
    verdict = judge_file(file, ALWAYS).verdict

    assert index_history(file, ALWAYS) is not None
    assert verdict.status == "fail"
    assert stated(verdict) == stated(judge(read_history(file)))


def test_mails_with_one_message_id_are_read_whole(tmp_path):
    file = write(mailed(lambda _, __: {"message_id": "<7001@a.example>"}), tmp_path)

    assert index_history(file, ALWAYS) is None
    assert [result.check.id for result in judge_file(file, ALWAYS).verdict.results if result.findings] == [
        "delivery.send_fields"
    ]


# -- any change of any line -------------------------------------------------------------------------

PLACES = st.integers(min_value=1, max_value=len(RUN.lines) - 1)


@st.composite
def changed_runs(draw):
    """Return the run with a few lines dropped, repeated, or with a value of another line of their kind."""
    lines = [dict(line) for line in RUN.lines]
    for place, other, change in draw(st.lists(st.tuples(PLACES, PLACES, st.integers(0, 40)), max_size=3)):
        alike = [line for line in RUN.lines[1:] if line["kind"] == lines[place]["kind"]]
        if change == 0:
            lines[place] = lines[other]
        elif change == 1:
            lines.append(lines[place])
        else:
            names = sorted(lines[place].keys() - {"n", "kind", "real"})
            name = names[change % len(names)]
            lines[place][name] = alike[other % len(alike)].get(name)
    return HistoryBuilder((lines[0], *sorted(lines[1:], key=lambda line: (line["n"] > 0, line["n"]))))


@settings(
    max_examples=tries(60),
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(run=changed_runs())
def test_every_history_gets_the_same_verdict(run, tmp_path):
    file = write(run, tmp_path)

    assert stated(judge_file(file, ALWAYS).verdict) == stated(judge(read_history(file)))
