"""The reports of a verdict: terminal, JSON, JUnit and HTML."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

import sendproof_harness.report
from history_builder import FIRST_SEND, HistoryBuilder, build_correct_run
from sendproof_harness.history.timestamps import DAY, HOUR, iso, parse_instant
from sendproof_harness.history.wording import counted
from sendproof_harness.report import print_verdict, write_reports
from sendproof_harness.report.formatting import as_sentence, capitalised
from sendproof_harness.report.people.recipients import ROWS_MAX, recipients
from sendproof_harness.report.summary import summary
from sendproof_harness.report.timeline import timeline

SCHEMA = json.loads((Path(sendproof_harness.report.__file__).parent / "verdict.schema.json").read_text())
HOSTILE = "<script>alert('hello')</script>\x07 \N{GREEK SMALL LETTER ALPHA}"


@pytest.fixture
def faulty_run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run with one recipient an hour early, one with a hostile text, and one lost."""
    due = parse_instant(str(correct_run.obligation_of(3)["due"]))
    lost = correct_run.delivery_to(6)["message"]
    run = correct_run.change_delivery_to(3, send_at=iso(due - HOUR)).change_delivery_to(4, text=HOSTILE)
    return run.without("delivery", lambda line: line["message"] == lost)


def printed(run: HistoryBuilder, reports: dict[str, Path] | None = None, folder: Path | None = None) -> str:
    """Return the output for a terminal."""
    console = Console(file=io.StringIO(), width=140)
    print_verdict(run.verdict(), console, reports, folder)
    return console.file.getvalue()


def written(run: HistoryBuilder, folder: Path, name: str) -> str:
    """Return the text of one report."""
    return write_reports(run.verdict(), run.history(), folder)[name].read_text(encoding="utf-8")


def test_reports_are_four_files_in_a_created_folder(correct_run, tmp_path):
    paths = write_reports(correct_run.verdict(), correct_run.history(), tmp_path / "a" / "b")

    assert {name: path.name for name, path in paths.items()} == {
        "json": "verdict.json", "junit": "junit.xml", "markdown": "summary.md", "html": "report.html",
    }  # fmt: skip
    assert all(path.is_file() for path in paths.values())


def test_terminal_of_a_pass_shows_checks_ledger_seed_and_reports(correct_run, tmp_path):
    text = printed(correct_run, {"html": Path("out/report.html")})

    assert re.search(r"pass +Each recipient gets exactly one message +10 recipients", text)
    assert "ok 10   withheld 2" in text
    assert "All 10 recipients got the right message at the right time, once." in text
    assert re.search(r"seed +42 *\n", text)
    assert re.search(r"html +out/report\.html", text)


def test_terminal_of_a_pass_with_a_note_blames_no_party(correct_run):
    run = HistoryBuilder((correct_run.lines[0] | {"ended": iso(FIRST_SEND + 7 * DAY - 1)}, *correct_run.lines[1:]))
    text = printed(run)

    assert "note  the history ends before the seven days are over  (metrics.cadence)" in text
    assert (run.verdict().status, "blame" in text) == ("pass", False)


def test_terminal_of_a_fail_shows_findings_by_cause(faulty_run):
    text = printed(faulty_run)

    assert "fail  early: sent before it was due" in text
    assert "campaign 7001, channel 505, customer C0000003" in text
    assert "expected sent at 2026-03-02 09:00:00 UTC, at most 5 min after" in text
    assert "got      sent at 2026-03-02 08:00:00 UTC, 1 h early" in text


def test_terminal_of_a_fail_shows_explain_command(correct_run, faulty_run, tmp_path):
    folder = tmp_path / "a run"

    assert f"sendproof explain '{folder}' C0000006" in printed(faulty_run, folder=folder)
    assert "sendproof explain" not in printed(correct_run, folder=folder) + printed(faulty_run)


def test_terminal_of_a_fail_that_can_be_repeated_shows_shrink_command(correct_run, faulty_run):
    console = Console(file=io.StringIO(), width=140)
    for run in (faulty_run, correct_run):
        print_verdict(run.verdict(), console, run=Path("a run"), repeated_with=["--command", "a bridge"])
    text = console.file.getvalue()

    assert (
        text.count("sendproof shrink")
        == text.count(" shrink      sendproof shrink 'a run' --command 'a bridge'\n")
        == 1
    )


def test_terminal_does_not_wrap_the_next_command_and_the_paths(faulty_run):
    """A command that is cut into lines cannot be copied from a captured output."""
    console, folder = Console(file=io.StringIO(), width=80), Path("results", "long" * 30)
    print_verdict(faulty_run.verdict(), console, {"html": folder / "report.html"}, folder)

    lines = console.file.getvalue().splitlines()
    assert f" html        {folder}/report.html" in lines
    assert lines[-1] == f" next        sendproof explain {folder} C0000006"


def test_next_of_an_unknown_without_a_customer_is_its_remedy(correct_run, tmp_path):
    clock = {"mode": "virtual", "start": None, "rate": None, "participants": []}
    run = HistoryBuilder((correct_run.lines[0] | {"clock": clock}, *correct_run.without("clock").lines[1:]))
    last = printed(run, folder=tmp_path).splitlines()[-1]

    assert last == " next        use the virtual clock: sendproof docs connect-your-bridge, section 3"


def test_html_of_a_fail_shows_explain_command(faulty_run, correct_run, tmp_path):
    """The folder of the run is not known to the page, so the command has a placeholder."""
    assert "<code>sendproof explain RUN C0000006</code>" in written(faulty_run, tmp_path, "html")
    assert "sendproof explain" not in written(correct_run, tmp_path, "html")


def test_capitalised_keeps_api_names():
    texts = ("lost: never sent", "saveEvent: reported late")

    assert [capitalised(text) for text in texts] == ["Lost: never sent", "saveEvent: reported late"]


def test_cause_that_ends_with_a_full_stop_gets_no_second_one():
    texts = ("the bridge ended after Error: undefined.", "lost")

    assert [as_sentence(text) for text in texts] == ["The bridge ended after Error: undefined.", "Lost."]


def test_terminal_of_a_pass_fits_80_columns(correct_run):
    console = Console(file=io.StringIO(), width=80)
    print_verdict(correct_run.verdict(), console)

    assert all(result.check.title in console.file.getvalue() for result in correct_run.verdict().results)


def test_terminal_shows_a_cause_of_several_checks_once(correct_run):
    """The bridge did not take part in virtual time, so neither its send times nor its pushes can be judged."""
    clock = correct_run.lines[0]["clock"] | {"participants": []}
    run = HistoryBuilder((correct_run.lines[0] | {"clock": clock}, *correct_run.without("clock").lines[1:]))
    lines = [line.strip() for line in printed(run).splitlines()]
    cause = "unknown  the bridge did not use the clock of the sandbox, so its times cannot be judged"

    assert [line for line in lines if line.startswith(cause)] == [
        f"{cause}  (delivery.time, metrics.cadence, blame: config)"
    ]
    assert "got      a virtual clock without the bridge, and 28 pushes  (metrics.cadence)" in lines


def test_terminal_shows_brackets_in_texts_as_they_are(correct_run):
    assert "[bold]Hello[/nothing]" in printed(correct_run.change_delivery_to(4, text="[bold]Hello[/nothing]"))


def test_json_matches_schema_and_contains_findings(correct_run, faulty_run, tmp_path):
    document = json.loads(written(faulty_run, tmp_path, "json"))

    Draft202012Validator(SCHEMA).validate(document)
    Draft202012Validator(SCHEMA).validate(json.loads(written(correct_run, tmp_path, "json")))
    assert (document["verdict"], document["exit_status"], document["seed"]) == ("fail", 1, 42)
    assert (document["ledger"]["early"], document["ledger"]["lost"]) == (1, 1)
    time = next(check for check in document["checks"] if check["id"] == "delivery.time")
    assert time["findings"][0]["examples"][0]["where"]["customer"] == "C0000003"


def test_schema_describes_exactly_the_written_keys(faulty_run, tmp_path):
    document = json.loads(written(faulty_run, tmp_path, "json"))

    assert set(document) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    assert set(document["campaigns"][0]) == set(SCHEMA["$defs"]["campaign"]["properties"])
    assert set(document["checks"][0]) == set(SCHEMA["$defs"]["check"]["properties"])


def junit_suite(run: HistoryBuilder, folder: Path) -> Element:
    """Return the only suite of the JUnit report."""
    suite = fromstring(written(run, folder, "junit")).find("testsuite")
    assert suite is not None
    return suite


def test_junit_has_one_case_per_check(faulty_run, tmp_path):
    """A text may contain control characters."""
    suite = junit_suite(faulty_run, tmp_path)
    failures = {case.get("name", "").partition(":")[0]: case.find("failure") for case in suite.iter("testcase")}

    assert int(suite.get("tests", "")) == len(failures) == len(faulty_run.verdict().results)
    assert {name for name, failure in failures.items() if failure is not None} == {
        "delivery.once", "delivery.text", "delivery.time", "metrics.accurate",
    }  # fmt: skip
    assert failures["delivery.time"].get("message") == "early: sent before it was due (1)"
    assert "<script>alert" in failures["delivery.text"].text


def test_junit_of_an_unknown_check_is_an_error_with_reason(correct_run, tmp_path):
    """CI servers show a skipped case as neutral."""
    suite = junit_suite(HistoryBuilder(correct_run.lines[:1]), tmp_path)
    errors = {case.get("name", "").partition(":")[0]: case.find("error") for case in suite.iter("testcase")}

    assert errors["delivery.once"].get("message") == "unknown: nothing to look at: no recipients"
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "0")
    assert int(suite.get("errors", "")) == sum(error is not None for error in errors.values()) > 0


class Page(HTMLParser):
    """The tags, ids, internal links, loaded files and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.loads: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.tags.append(tag)
        self.ids |= {values["id"] or ""} if "id" in values else set()
        self.loads += [values[name] or "" for name in ("src", "data", "srcset") if name in values]
        if (values.get("href") or "").startswith("#"):
            self.targets.add((values["href"] or "")[1:])

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_self_contained(faulty_run, tmp_path):
    text = written(faulty_run, tmp_path, "html")
    page = Page(text)

    assert {"link", "img", "iframe"}.isdisjoint(page.tags)
    assert page.tags.count("script") == 1
    assert page.loads == []
    assert "url(" not in text
    assert "@import" not in text
    assert page.targets <= page.ids


def test_html_of_a_fail_shows_findings_and_escapes_texts(faulty_run, tmp_path):
    page = Page(written(faulty_run, tmp_path, "html"))

    assert "This bridge is not ready" in page.text
    assert "3 of 10 recipients did not get what they were due." in page.text
    assert "Early: sent before it was due" in page.text
    assert "<script>alert('hello')</script>" in page.text
    assert "C0000006" in page.text


def test_html_of_a_pass_has_no_findings(correct_run, tmp_path):
    page = Page(written(correct_run, tmp_path, "html"))

    assert "This bridge did its job" in page.text
    assert {"findings", "people"}.isdisjoint(page.ids)
    assert {"recipients", "campaigns", "timeline", "checks"} <= page.ids


def test_html_of_a_run_without_campaign_is_valid(correct_run, tmp_path):
    page = Page(written(HistoryBuilder(correct_run.lines[:1]), tmp_path, "html"))

    assert "Not everything could be judged" in page.text
    assert "timeline" not in page.ids


def test_affected_recipients_are_limited_with_a_share_for_each_result():
    run = build_correct_run(customers=1_500, page=1_000)
    faulty_run = run.without("delivery", lambda line: int(line["message"]) > 20).change_delivery_to(4, text="Hello")
    shown = recipients(faulty_run.history())

    assert (len(shown.rows), shown.total) == (ROWS_MAX, 1_480)
    assert {row.name for row in shown.rows} == {"lost", "wrong text"}


def test_reports_name_scenario_or_sandbox(correct_run, tmp_path):
    scenario = {"n": 0, "at": correct_run.lines[0]["ended"], "kind": "scenario", "name": "Spring <b>", "file": "spring"}
    run = correct_run.plus(scenario)

    assert re.search(r"scenario +Spring <b> +\(spring\) *\n", printed(run))
    assert json.loads(written(run, tmp_path, "json"))["scenario"] == {"name": "Spring <b>", "file": "spring"}
    assert "Spring <b> (spring)" in Page(written(run, tmp_path, "html")).text
    suite = junit_suite(run, tmp_path)
    assert suite.get("name") == "sendproof spring"
    assert [element.get("value") for element in suite.iter("property") if element.get("name") == "scenario"] == [
        "Spring <b>"
    ]
    assert junit_suite(correct_run, tmp_path).get("name") == "sendproof s1"
    assert json.loads(written(correct_run, tmp_path, "json"))["scenario"] is None


def test_timeline_has_bars_for_hours_and_ticks_for_pushes_and_days(correct_run):
    chart = timeline(correct_run.history())

    assert [(lane.name, lane.total, len(lane.bars)) for lane in chart.lanes] == [("sent", 10, 3), ("receipts", 10, 3)]
    assert (len(chart.pushes), len(chart.days), len(chart.due)) == (28, 7, 3)
    assert chart.description.startswith(
        "10 messages went out between 2026-03-02 09:00:00 UTC and 2026-03-02 11:00:00 UTC"
    )


def test_timeline_names_one_time_if_all_messages_went_out_together(correct_run):
    chart = timeline(correct_run.change("delivery", lambda line: line | {"send_at": iso(FIRST_SEND)}).history())

    assert chart.description.startswith("10 messages went out at 2026-03-02 09:00:00 UTC. ")


def test_page_names_the_type_of_a_channel_that_is_not_for_sms(correct_run, tmp_path):
    push = {"id": 506, "provider": "xtremepush", "kind": "scheduled", "message": "web_push"}
    run = correct_run.change("history", lambda line: line | {"channels": [*line["channels"], push]})

    assert "506 xtremepush (scheduled, web push)" in Page(written(run, tmp_path, "html")).text


def test_timeline_counts_receipts_among_the_delivery_statuses_of_the_progress(correct_run):
    """A receipt that was posted twice, or never acknowledged, must not make two different totals."""
    receipts = [line for line in correct_run.lines_of("webhook") if line["event"] == "receipt"]
    run = correct_run.change("webhook", lambda line: line | {"status": 500} if line == receipts[0] else line)
    chart = timeline(run.plus(receipts[1] | {"n": 9_000, "resend": 1}).history())

    assert "The bridge acknowledged receipts for 9 of 10 delivery statuses" in chart.description


def test_summary_counts_unexpected_messages(correct_run):
    stray = correct_run.delivery_to(4) | {"message": "stray", "number": "447999999999"}

    assert summary(correct_run.plus(stray).verdict()) == (
        "All 10 recipients got the right message at the right time, once. 2 more correctly got no message. "
        f"1 message went out that no recipient was due. 1 of {len(correct_run.verdict().results)} checks failed: "
        "Each recipient gets exactly one message (R401)."
    )


def test_summary_of_a_failed_run_without_recipients_says_what_failed(faulty_run):
    """Such a run has proven something: the bridge fails."""
    silent = faulty_run.without("obligation").without("delivery")
    text = summary(silent.verdict())
    assert text.startswith("No recipient was due a message. ")
    assert "checks failed: " in text
    assert text.endswith(" could not be judged.")


def test_summary_names_failed_checks_if_all_recipients_are_right(correct_run, faulty_run):
    days = correct_run.lines_of("metrics")[-1]["at"]
    silent = summary(correct_run.without("metrics", lambda line: line["at"] != days).verdict())

    assert silent.endswith(" checks failed: Metrics arrive several times a day (R501).")
    assert summary(faulty_run.verdict()).endswith(" checks failed.")


@pytest.mark.parametrize(
    ("number", "nouns", "expected"),
    [
        (1, "deliveries", "1 delivery"),
        (1, "batches", "1 batch"),
        (1, "pages", "1 page"),
        (1, "delivery statuses", "1 delivery status"),
        (1, "customers of an event", "1 customer of an event"),
        (1, "rows to read", "1 row to read"),
        (2_000, "runs", "2,000 runs"),
    ],
)
def test_counted_uses_singular_for_one(number, nouns, expected):
    assert counted(number, nouns) == expected


# -- root causes --------------------------------------------------------------------------------------


@pytest.fixture
def unreached_run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run whose only announcement never reached the bridge, with an error longer than a line."""
    error = f"Cannot connect to host 127.0.0.1:9000 [{'very ' * 40}self-signed certificate]"
    run = correct_run.without("webhook", lambda line: line["service"] == "textlocal")
    run = run.without("request", lambda line: line["operation"] == "GetCustomerSendDetailsByChannel")
    run = run.without("delivery").without("delivery_status").without("metrics")
    return run.change("webhook", lambda line: line | {"status": None, "error": error})


def test_terminal_begins_with_the_root_cause_its_whole_error_and_the_remedy(unreached_run):
    """The reader needs nothing else; what follows is counted below it."""
    lines = printed(unreached_run).splitlines()

    assert "the listener's TLS certificate is self-signed" in lines[0]
    text = " ".join(" ".join(lines).split())
    assert "self-signed certificate] after 1 attempt" in text
    assert "do listen with http in the sandbox" in text
    assert "18 consequences of this cause" in text


def test_json_has_the_root_cause_with_its_consequences(unreached_run, tmp_path):
    document = json.loads(written(unreached_run, tmp_path, "json"))

    Draft202012Validator(SCHEMA).validate(document)
    (root,) = document["root_causes"]
    assert root["check"] == "webhooks.acknowledged"
    consequences = {other["check"]: other["count"] for other in root["consequences"]}
    assert consequences == {"paging.complete": 1, "delivery.once": 10, "metrics.cadence": 7}


def test_junit_fails_for_the_root_cause_alone_and_has_it_first(unreached_run, tmp_path):
    """Consequences are skipped, with the root as the reason."""
    suite = fromstring(written(unreached_run, tmp_path, "junit"))
    cases = suite.findall(".//testcase")

    assert cases[0].get("name", "").startswith("webhooks.acknowledged")
    assert [case.get("name") for case in cases if case.find("failure") is not None] == [cases[0].get("name")]
    (lost,) = (case for case in cases if case.get("name", "").startswith("delivery.once"))
    assert (
        lost.find("skipped").get("message", "").startswith("unknown: 10 findings that follow from: optimove event 13")
    )


def test_html_shows_the_root_cause_first_with_its_consequences(unreached_run, tmp_path):
    html = written(unreached_run, tmp_path, "html")

    assert html.index("self-signed, so a client") < html.index("The audience was never read")
    assert "18 consequences" in html
