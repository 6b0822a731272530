"""Reports of load tests: text, JSON, JUnit and HTML."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

import sendproof_harness.load.report
from load_results import campaign, checked, loss, result, triggers
from sendproof_harness.load.model import LoadResult, Sample, Stage
from sendproof_harness.load.report import print_load_verdict, write_load_reports
from sendproof_harness.load.report.plots import build_plots
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.service_levels import parse_levels
from sendproof_harness.load.verdict import LoadVerdict, judge

FOLDER = Path(sendproof_harness.load.report.__file__).parent
SCHEMA = json.loads((FOLDER / "verdict.schema.json").read_text())
HOSTILE = "</script><script>alert('hello')</script>\x07 [bold]"


def verdict_of(load_result: LoadResult, levels: str = "{}") -> LoadVerdict:
    """Return the verdict for service levels in YAML."""
    return judge(load_result, parse_levels(levels, "levels.yaml"))


PASS = verdict_of(
    campaign(), "throughput: {sending: 1000}\nlatency: {acknowledgement: {p95: 500 ms}}\nmemory: {bridge: 1 GB}"
)
FAIL = verdict_of(triggers(), "latency: {message: {p95: 500 ms, p99: 2 s}}\nfailed: 0.1%")
UNKNOWN = verdict_of(
    campaign(losses=(loss("lost"), loss("misreported", 0, 0, unit="statements"))), "throughput: {sendng: 1}"
)
ERROR = verdict_of(result(abort_reason=f"the simulators hung {HOSTILE}", abort_blame="harness"))
ALL_STATUSES = pytest.mark.parametrize(
    "verdict", [PASS, FAIL, UNKNOWN, ERROR], ids=["pass", "fail", "unknown", "error"]
)


def printed_text(verdict: LoadVerdict, reports: dict[str, Path] | None = None, width: int = 140) -> str:
    """Return the text on a terminal."""
    console = Console(file=io.StringIO(), width=width)
    print_load_verdict(verdict, console, reports)
    return console.file.getvalue()


def written_report(verdict: LoadVerdict, folder: Path, name: str) -> str:
    """Return the text of one report."""
    return write_load_reports(verdict, folder)[name].read_text(encoding="utf-8")


def test_summary_of_pass_has_rate_latency_losses_and_levels():
    assert summary(PASS) == (
        "The bridge meets its targets: 1,000,000 messages at 1,250 per second; acknowledgement latency p50 12 ms, "
        "p95 42.31 ms, p99 210 ms; 0 lost, 0 duplicated, 0 wrong text; 9 of 9 levels met."
    )


def test_summary_of_fail_names_two_of_many_missed_levels():
    assert summary(FAIL) == (
        "The bridge misses its targets: 5,988 messages at 95.05 per second; message latency p50 310 ms, p95 2.412 s, "
        "p99 3.106 s; 12 lost, 1 duplicated, 0 wrong text; 4 of 6 levels missed: Lost, Duplicated and 2 more."
    )


def test_summary_of_unknown_names_undetermined_levels():
    """A loss without checked items is not reported as 0."""
    assert summary(UNKNOWN) == (
        "Not proven: 1,000,000 messages at 1,250 per second; acknowledgement latency p50 12 ms, "
        "p95 42.31 ms, p99 210 ms; 0 lost; 2 of 3 levels undetermined: Misreported and Throughput of sendng."
    )
    assert summary(verdict_of(result())) == ("Not proven: no level was set and nothing was observed.")


def test_summary_of_error_has_its_reason():
    """The bridge is not to blame."""
    assert summary(verdict_of(result(abort_reason="the simulators hung", abort_blame="harness"))) == (
        "Not proven, because the load test itself failed: ended early (the simulators hung); "
        "1 of 1 level failed: The load test completes."
    )


def test_summary_without_bridge_is_about_the_simulators():
    pages = Stage(name="pages", unit="rows", count=9, seconds=1.0)
    load_result = result(kind="paging", stages=(pages,), losses=(loss("missing rows", 0, 9, unit="rows"),))

    assert summary(verdict_of(load_result, "throughput: {pages: 5}")) == (
        "The simulators meet their targets: 9 rows at 9 per second; 0 missing rows; 2 of 2 levels met."
    )


def test_summary_without_speed_target_says_so():
    """A slow bridge passes, too, so the summary must not promise that it is fast enough."""
    load_result = result(losses=(loss("lost", 0, 9),))
    assert summary(verdict_of(load_result)) == (
        "No losses. No speed target was set (--thresholds); measured: 0 lost; 1 of 1 level met."
    )


def test_summary_with_accepted_losses_does_not_claim_no_losses():
    load_result = result(losses=(loss("late", 2, 9),))
    assert summary(verdict_of(load_result, "losses: {late: 3}")).startswith("Losses are within their thresholds.")


def test_summary_prefers_the_rate_of_recipients():
    whole = Stage(name="whole way", unit="recipients", count=90, seconds=10.0)
    sent = Stage(name="sending", unit="messages", count=90, seconds=1.0)
    assert "90 recipients at 9 per second" in summary(verdict_of(result(stages=(sent, whole))))


def test_reports_are_written_to_a_new_folder(tmp_path):
    paths = write_load_reports(PASS, tmp_path / "a" / "b")

    assert {name: path.name for name, path in paths.items()} == {
        "json": "verdict.json", "junit": "junit.xml", "markdown": "summary.md", "html": "report.html",
    }  # fmt: skip
    assert all(path.is_file() for path in paths.values())


def test_text_of_pass_has_measurements_levels_bottleneck_and_paths():
    text = printed_text(PASS, {"html": Path("out/report.html")})

    assert re.search(r"^ sending +1,000,000 messages +13 min 20 s +1,250 *$", text, re.MULTILINE)
    assert re.search(r"^ page +1,000 +0 +3.2 ms +31 ms +9.25 ms +14 ms +812 ms *$", text, re.MULTILINE)
    assert re.search(r"^ bridge +412.3 MB +11 min 41 s *$", text, re.MULTILINE)
    assert re.search(
        r"^ pass +Throughput of sending +at least 1,000 per second +1,250 per second *$", text, re.MULTILINE
    )
    assert (
        "bottleneck  The bridge was the bottleneck of sending: it used a whole processor for 100% of the time" in text
    )
    assert "verdict     pass  The bridge meets its targets: 1,000,000 messages at 1,250 per second" in text
    assert re.search(r"^ html +out/report.html *$", text, re.MULTILINE)


def test_text_has_one_row_for_all_passed_checks_of_the_history():
    """A pass fits one screen; the other reports have each check."""
    text = printed_text(verdict_of(campaign(checks=(checked("a"), checked("b"), checked("c", status="unknown")))))
    assert re.search(r"pass +2 checks of the history +no findings +none", text)
    assert re.search(r"unknown +C \(R402\)", text)


def test_text_of_fail_has_blame_examples_and_one_explanation_per_cause():
    text = printed_text(FAIL)
    why = "No bottleneck of message latency: the load generator set the pace, at most 10 ms behind its schedule"

    assert re.search(r"^ fail +Lost +none +12 of 6,000 triggers +bridge *$", text, re.MULTILINE)
    assert re.search(
        r"^ Lost *\n +C0000042: no message to 447100000042 *\n +C0000077: no message to", text, re.MULTILINE
    )
    assert re.search(rf"^ Latency of message, p95; Latency of message, p99 *\n +{why}", text, re.MULTILINE)
    assert text.count("No bottleneck of message latency") == 1


def test_text_of_early_end_has_no_tables_and_no_markup():
    """Square brackets in a reason must not be interpreted as styles."""
    text = printed_text(ERROR)

    assert "stage" not in text
    assert re.search(r"^ error +The load test completes +completion +the simulators hung", text, re.MULTILINE)
    assert "[bold]" in text


def test_latencies_fit_a_terminal_of_80_columns():
    table = printed_text(FAIL, width=80).partition(" latency ")[2].partition(" process ")[0]

    assert (table.split("\n")[0].split()[-1], "…" in table) == ("longest", False)
    assert "message: since the intended start; others: since the request" in table


def test_text_of_pass_fits_a_terminal_of_100_columns():
    """A pass needs no column of blame."""
    assert re.search(
        r"^ verdict +level +expected +got *\n pass +Lost +none +0 of 1,000,000 messages *$",
        printed_text(PASS, width=100),
        re.MULTILINE,
    )


@ALL_STATUSES
def test_json_matches_its_schema(verdict, tmp_path):
    document = json.loads(written_report(verdict, tmp_path, "json"))

    Draft202012Validator(SCHEMA).validate(document)
    assert (document["verdict"], document["exit_status"]) == (verdict.status, verdict.exit_status)
    assert [level["id"] for level in document["levels"]] == [level.id for level in verdict.levels]
    assert len(document["result"]["samples"]) == len(verdict.result.samples)


def test_json_of_fail_has_levels_stages_and_bottleneck(tmp_path):
    document = json.loads(written_report(FAIL, tmp_path, "json"))

    assert document["levels"][1] == {
        "id": "loss.duplicated", "title": "Duplicated", "status": "fail", "expected": "none",
        "got": "1 of 5,988 messages", "blame": "bridge", "why": "",
        "examples": ["C0000311: 2 messages to 447100000311"],
    }  # fmt: skip
    assert document["result"]["stages"][0] == {
        "name": "triggers", "unit": "triggers", "count": 6_000, "seconds": 60.0, "per_second": 100.0,
    }  # fmt: skip
    assert document["bottleneck"]["behind_ms"] == 10.0


def test_schema_has_exactly_the_written_keys(tmp_path):
    document = json.loads(written_report(FAIL, tmp_path, "json"))
    judged = verdict_of(campaign(checks=(checked("numbers"),)))
    with_checks = json.loads(written_report(judged, tmp_path / "checks", "json"))
    parts = SCHEMA["$defs"]

    assert set(document) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    for name, part in (
        ("bottleneck", document["bottleneck"]),
        ("level", document["levels"][0]),
        ("result", document["result"]),
        ("stage", document["result"]["stages"][0]),
        ("latency", document["result"]["latencies"][0]),
        ("loss", document["result"]["losses"][0]),
        ("checked", with_checks["result"]["checks"][0]),
        ("process", document["result"]["processes"][0]),
        ("sample", document["result"]["samples"][0]),
    ):
        assert set(part) == set(parts[name]["properties"]), name
        # A result of an older version has no descriptors.
        assert set(part) - {"descriptors"} == set(parts[name]["required"]), name


def junit_suite(verdict: LoadVerdict, folder: Path) -> Element:
    """Return the only suite of a JUnit report."""
    suite = fromstring(written_report(verdict, folder, "junit")).find("testsuite")
    assert suite is not None
    return suite


def test_junit_of_fail_has_one_case_per_level(tmp_path):
    suite = junit_suite(FAIL, tmp_path)
    failures = {case.get("name", "").partition(":")[0]: case.find("failure") for case in suite.iter("testcase")}

    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("sendproof load triggers", "6", "4")
    assert failures["loss.lost"].get("message") == "expected none, got 12 of 6,000 triggers, blame: bridge"
    assert failures["loss.lost"].text == "C0000042: no message to 447100000042\nC0000077: no message to 447100000077"
    assert failures["latency.message.p95"].text.startswith("No bottleneck of message latency")
    assert failures["failed"] is None
    assert suite.get("timestamp") == "2026-03-02T09:00:00"


def test_junit_properties_have_the_settings(tmp_path):
    properties = {entry.get("name"): entry.get("value") for entry in junit_suite(FAIL, tmp_path).iter("property")}

    assert properties == {
        "load": "100 triggers per second for 1 minute", "triggers per second": "100", "shape": "steady",
        "provider": "delivyr", "seed": "7", "verdict": "fail", "bottleneck": FAIL.bottleneck.sentence,
    }  # fmt: skip


def test_junit_of_unknown_is_an_error_and_of_error_is_valid(tmp_path):
    """Control characters in a reason must not make the file invalid."""
    unknown = [case.find("error") for case in junit_suite(UNKNOWN, tmp_path).iter("testcase")]
    error = junit_suite(ERROR, tmp_path)

    assert [entry if entry is None else entry.get("message") for entry in unknown] == [
        None,
        "expected none, got nothing to check: no statements",
        "expected at least 1 per second, got not observed, blame: config",
    ]
    assert (error.get("errors"), error.get("failures")) == ("1", "0")
    assert "the simulators hung </script>" in next(error.iter("error")).get("message", "")


class Page(HTMLParser):
    """Parsed page: its resources, internal links, visible text and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.resources: list[str] = []
        self.labels: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self._inside = tag
        self.ids |= {values["id"]} if "id" in values else set()
        self.resources += [values[name] for name in ("src", "data", "srcset") if name in values]
        self.resources += [values["href"]] if tag == "link" else []
        self.labels += [values["aria-label"]] if values.get("role") == "img" else []
        if values.get("href", "").startswith("#"):
            self.targets.add(values["href"][1:])
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data


@ALL_STATUSES
def test_html_is_self_contained(verdict, tmp_path):
    text = written_report(verdict, tmp_path, "html")
    page = Page(text)

    assert page.resources == []
    assert [part for part in ("url(", "@import", "fetch(", "XMLHttpRequest", "import(") if part in text] == []
    assert page.targets <= page.ids


def test_html_of_pass_has_all_sections_except_blame_and_losses(tmp_path):
    page = Page(written_report(PASS, tmp_path, "html"))

    assert summary(PASS) in page.text
    assert "The bridge was the bottleneck of sending: it used a whole processor for 100% of the time" in page.text
    assert {"levels", "stages", "latencies", "plots", "processes"} <= page.ids
    assert "Responsible" not in page.text
    assert "losses" not in page.ids


def test_html_of_fail_has_blame_and_examples(tmp_path):
    page = Page(written_report(FAIL, tmp_path, "html"))
    text = " ".join(page.text.split())

    assert "✕ fail Lost None 12 of 6,000 triggers The bridge" in text
    assert "At most 500 ms 2.412 s The bridge" in text
    assert "Lost 12 6,000 triggers C0000042: no message to 447100000042" in text
    assert text.count("Wrong text") == 1


def test_html_of_early_end_has_no_plots(tmp_path):
    """Markup in a reason must stay text."""
    page = Page(written_report(ERROR, tmp_path, "html"))

    assert len(page.scripts) == 1
    assert {"plots", "stages", "latencies", "losses", "processes"}.isdisjoint(page.ids)
    assert "The simulators hung </script><script>alert('hello')</script>" in page.text


def test_html_has_the_samples_as_data_and_as_text(tmp_path):
    """The script draws the data; the text is for readers without scripts."""
    page = Page(written_report(FAIL, tmp_path, "html"))
    data = json.loads(page.scripts[0])

    assert [plot["names"] for plot in data["plots"]] == [
        ["triggers"], ["sending"], ["message"], ["acknowledgement"],
        ["simulators", "bridge", "load generator"], ["simulators", "bridge", "load generator"],
    ]  # fmt: skip
    assert {len(values) for plot in data["plots"] for values in plot["values"]} == {len(data["at"])} == {66}
    assert {f"plot-{index}" for index in range(6)} <= page.ids
    assert page.labels[1] == "Throughput of sending. sending: 95.05 per second on average, 95 at most. "


def test_html_includes_uplot_with_its_licence(tmp_path):
    """The licence requires its text in every copy."""
    script = Page(written_report(PASS, tmp_path, "html")).scripts[1]

    assert (FOLDER / "uplot" / "uPlot.iife.min.js").read_text() in script
    assert "The MIT License (MIT)" in script
    assert "Copyright (c) 2022 Leon Sorokin" in script


def test_html_escapes_hostile_names_in_scripts(tmp_path):
    stage = Stage(name=HOSTILE, unit="messages", count=6_000, seconds=60.0)
    samples = tuple(Sample(at=float(at), counts={HOSTILE: at * 100}) for at in (1, 2, 3))
    page = Page(written_report(verdict_of(result(stages=(stage,), samples=samples)), tmp_path, "html"))

    assert len(page.scripts) == 4
    assert json.loads(page.scripts[0])["plots"][0]["names"] == [HOSTILE]


def test_throughput_plot_spans_first_to_last_event():
    """Pauses between them are a rate of 0."""
    reading = build_plots(campaign())[0].curves[0]

    assert reading.values[0] == 16_000.0
    assert reading.values[62] == 8_000.0
    assert set(reading.values[63:]) == {None}
    assert reading.description == "reading: 16,000 per second on average, 16,000 at most"


def test_summary_of_a_wrong_configuration_does_not_say_that_the_bridge_misses_its_targets():
    """It was not measured."""
    wrong = verdict_of(result(abort_reason="the bridge did not become ready", abort_blame="config"))

    assert wrong.status == "fail"
    assert summary(wrong).startswith("The bridge was not measured, because its configuration is wrong: ended early")
