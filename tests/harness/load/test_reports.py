"""What each reader of the verdict on a load test is given."""

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
from load_results import campaign, loss, result, triggers
from sendproof_harness.load.model import LoadResult, Sample, Stage
from sendproof_harness.load.report import print_load_verdict, write_load_reports
from sendproof_harness.load.report.plots import plots
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.service_levels import parse_levels
from sendproof_harness.load.verdict import LoadVerdict, judge

FOLDER = Path(sendproof_harness.load.report.__file__).parent
SCHEMA = json.loads((FOLDER / "verdict.schema.json").read_text())
HOSTILE = "</script><script>alert('hello')</script>\x07 [bold]"


def verdict(one: LoadResult, levels: str = "{}") -> LoadVerdict:
    """The verdict for levels as a file says them."""
    return judge(one, parse_levels(levels, "levels.yaml"))


PASS = verdict(
    campaign(), "throughput: {sending: 1000}\nlatency: {acknowledgement: {p95: 500 ms}}\nmemory: {bridge: 1 GB}"
)
FAIL = verdict(triggers(), "latency: {message: {p95: 500 ms, p99: 2 s}}\nfailed: 0.1%")
UNKNOWN = verdict(
    campaign(losses=(loss("lost"), loss("misreported", 0, 0, unit="statements"))), "throughput: {sendng: 1}"
)
ERROR = verdict(result(abort_reason=f"the simulators hung {HOSTILE}", abort_blame="harness"))
EVERY = pytest.mark.parametrize("one", [PASS, FAIL, UNKNOWN, ERROR], ids=["pass", "fail", "unknown", "error"])


def printed(one: LoadVerdict, reports: dict[str, Path] | None = None, width: int = 140) -> str:
    """What a terminal shows."""
    console = Console(file=io.StringIO(), width=width)
    print_load_verdict(one, console, reports)
    return console.file.getvalue()


def written(one: LoadVerdict, folder: Path, name: str) -> str:
    """The text of one report."""
    return write_load_reports(one, folder)[name].read_text(encoding="utf-8")


def test_the_answer_of_a_pass():
    """Whether it will work, how quick it is, how late, what was lost, and by how many levels."""
    assert summary(PASS) == (
        "It will work: 1,000,000 messages at 1,250 a second; acknowledgement latency p50 12 ms, p95 42.31 ms, "
        "p99 210 ms; 0 lost, 0 duplicated, 0 wrong text; 9 of 9 levels met."
    )


def test_the_answer_of_a_fail():
    """It names what was missed, two of them when they are many."""
    assert summary(FAIL) == (
        "It will not work: 5,988 messages at 95.05 a second; message latency p50 310 ms, p95 2.412 s, p99 3.106 s; "
        "12 lost, 1 duplicated, 0 wrong text; 4 of 6 levels missed: Lost, Duplicated and 2 more."
    )


def test_the_answer_when_nobody_can_say():
    """It names what could not be judged; what nobody could look for is not said to be 0."""
    assert summary(UNKNOWN) == (
        "Nobody can say whether it will work: 1,000,000 messages at 1,250 a second; acknowledgement latency p50 12 ms, "
        "p95 42.31 ms, p99 210 ms; 0 lost; 2 of 3 levels not to be judged: Misreported and Throughput of sendng."
    )
    assert summary(verdict(result())) == (
        "Nobody can say whether it will work: nothing was asked and nothing was observed."
    )


def test_the_answer_of_an_error():
    """It says what happened, and that the bridge is not to blame."""
    assert summary(verdict(result(abort_reason="the simulators hung", abort_blame="harness"))) == (
        "Nobody can say whether it will work, as the load test itself broke: it ended early (the simulators hung); "
        "1 of 1 level broken: The load test comes to its end."
    )


def test_the_answer_without_a_bridge():
    """Then it is about the simulators."""
    pages = Stage(name="pages", unit="rows", count=9, seconds=1.0)
    one = result(kind="paging", stages=(pages,), losses=(loss("missing rows", 0, 9, unit="rows"),))

    assert summary(verdict(one, "throughput: {pages: 5}")) == (
        "The simulators can do it: 9 rows at 9 a second; 0 missing rows; 2 of 2 levels met."
    )


def test_the_answer_when_no_speed_was_asked_for():
    """Then a slow bridge passes, too, and nobody is told that it will do."""
    one = result(losses=(loss("lost", 0, 9),))
    assert summary(verdict(one)) == (
        "Nothing went wrong; how quick it has to be was not said: 0 lost; 1 of 1 level met."
    )


def test_the_whole_way_comes_first():
    """Recipients a second from the announcement to the last report, when that is known."""
    whole = Stage(name="whole way", unit="recipients", count=90, seconds=10.0)
    sent = Stage(name="sending", unit="messages", count=90, seconds=1.0)
    assert "90 recipients at 9 a second" in summary(verdict(result(stages=(sent, whole))))


def test_files(tmp_path):
    """Three files in a folder that is made when it is missing."""
    paths = write_load_reports(PASS, tmp_path / "a" / "b")

    assert {name: path.name for name, path in paths.items()} == {
        "json": "verdict.json", "junit": "junit.xml", "html": "report.html",
    }  # fmt: skip
    assert all(path.is_file() for path in paths.values())


def test_terminal_of_a_pass():
    """What was measured, each level, who was the limit, the answer, and where the reports are."""
    text = printed(PASS, {"html": Path("out/report.html")})

    assert re.search(r"^ sending +1,000,000 messages +13 min 20 s +1,250 *$", text, re.MULTILINE)
    assert re.search(r"^ page +the request +1,000 +0 +3.2 ms +31 ms +9.25 ms +14 ms +812 ms *$", text, re.MULTILINE)
    assert re.search(r"^ bridge +412.3 MB +11 min 41 s *$", text, re.MULTILINE)
    assert re.search(r"^ pass +Throughput of sending +at least 1,000 a second +1,250 a second *$", text, re.MULTILINE)
    assert "limit       The bridge was the limit of sending: it used a whole processor for 100% of the time" in text
    assert "verdict     pass  It will work: 1,000,000 messages at 1,250 a second" in text
    assert re.search(r"^ html +out/report.html *$", text, re.MULTILINE)


def test_terminal_of_a_fail():
    """Whose it is, with examples, and what explains a missed speed, once for all that it explains."""
    text = printed(FAIL)
    why = "Nobody was the limit of message latency: the pace was that of the plan, and the load generator at most 10 ms"

    assert re.search(r"^ fail +Lost +none +12 of 6,000 triggers +bridge *$", text, re.MULTILINE)
    assert re.search(
        r"^ Lost *\n +C0000042: no message to 447100000042 *\n +C0000077: no message to", text, re.MULTILINE
    )
    assert re.search(rf"^ Latency of message, p95; Latency of message, p99 *\n +{why}", text, re.MULTILINE)
    assert text.count("message latency: the pace") == 1


def test_terminal_of_nothing():
    """A load test that broke at once has no tables to show; square brackets are a text."""
    text = printed(ERROR)

    assert "stage" not in text
    assert re.search(r"^ error +The load test comes to its end +to its end +the simulators hung", text, re.MULTILINE)
    assert "[bold]" in text


def test_terminal_of_hundred_characters():
    """The table of a pass needs no wider one: nobody is blamed, so there is no column for it."""
    assert re.search(
        r"^ verdict +level +expected +got *\n pass +Lost +none +0 of 1,000,000 messages *$",
        printed(PASS, width=100),
        re.MULTILINE,
    )


@EVERY
def test_json(one, tmp_path):
    """The document fits its schema, and carries the verdict, its levels and the whole result."""
    document = json.loads(written(one, tmp_path, "json"))

    Draft202012Validator(SCHEMA).validate(document)
    assert (document["verdict"], document["exit_status"]) == (one.status, one.exit_status)
    assert [level["id"] for level in document["levels"]] == [level.id for level in one.judged]
    assert len(document["result"]["samples"]) == len(one.result.samples)


def test_json_of_a_fail(tmp_path):
    """A program finds what was wrong, and how quick each stage was."""
    document = json.loads(written(FAIL, tmp_path, "json"))

    assert document["levels"][1] == {
        "id": "loss.duplicated", "title": "Duplicated", "status": "fail", "expected": "none",
        "got": "1 of 5,988 messages", "blame": "bridge", "why": "",
        "examples": ["C0000311: 2 messages to 447100000311"],
    }  # fmt: skip
    assert document["result"]["stages"][0] == {
        "name": "triggers", "unit": "triggers", "count": 6_000, "seconds": 60.0, "per_second": 100.0,
    }  # fmt: skip
    assert document["limit"]["behind_ms"] == 10.0


def test_schema_knows_every_key(tmp_path):
    """The schema has no key to spare, and none is written that it does not describe."""
    document = json.loads(written(FAIL, tmp_path, "json"))
    parts = SCHEMA["$defs"]

    assert set(document) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    for name, part in (
        ("limit", document["limit"]),
        ("level", document["levels"][0]),
        ("result", document["result"]),
        ("stage", document["result"]["stages"][0]),
        ("latency", document["result"]["latencies"][0]),
        ("loss", document["result"]["losses"][0]),
        ("process", document["result"]["processes"][0]),
        ("sample", document["result"]["samples"][0]),
    ):
        assert set(part) == set(parts[name]["properties"]) == set(parts[name]["required"]), name


def junit(one: LoadVerdict, folder: Path) -> Element:
    """The one suite of a JUnit report."""
    suite = fromstring(written(one, folder, "junit")).find("testsuite")
    assert suite is not None
    return suite


def test_junit_of_a_fail(tmp_path):
    """One test case a level; a missed one says what was expected and got, and whose it is."""
    suite = junit(FAIL, tmp_path)
    failures = {case.get("name", "").partition(":")[0]: case.find("failure") for case in suite.iter("testcase")}

    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("sendproof load triggers", "6", "4")
    assert failures["loss.lost"].get("message") == "expected none, got 12 of 6,000 triggers, blame: bridge"
    assert failures["loss.lost"].text == "C0000042: no message to 447100000042\nC0000077: no message to 447100000077"
    assert failures["latency.message.p95"].text.startswith("Nobody was the limit of message latency")
    assert failures["failed"] is None
    assert suite.get("timestamp") == "2026-03-02T09:00:00"


def test_junit_names_what_was_asked_for(tmp_path):
    """The settings stand among the properties."""
    noted = {one.get("name"): one.get("value") for one in junit(FAIL, tmp_path).iter("property")}

    assert noted == {
        "load": "100 triggers a second for 1 minute", "triggers a second": "100", "shape": "steady",
        "provider": "delivyr", "seed": "7", "verdict": "fail", "limit": FAIL.bottleneck.sentence,
    }  # fmt: skip


def test_junit_skips_what_is_unknown_and_tells_errors(tmp_path):
    """A level that could not be judged is a skipped case that says so; control characters do not break the file."""
    skipped = [case.find("skipped") for case in junit(UNKNOWN, tmp_path).iter("testcase")]
    broken = junit(ERROR, tmp_path)

    assert [one if one is None else one.get("message") for one in skipped] == [
        None,
        "expected none, got nothing to look at: no statements",
        "expected at least 1 a second, got not observed, blame: config",
    ]
    assert (broken.get("errors"), broken.get("failures")) == ("1", "0")
    assert "the simulators hung </script>" in next(broken.iter("error")).get("message", "")


class Page(HTMLParser):
    """What a page loads, links to inside itself, says, and holds in scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.loads: list[str] = []
        self.labels: list[str] = []
        self.scripts: list[str] = []
        self.said = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self._inside = tag
        self.ids |= {values["id"]} if "id" in values else set()
        self.loads += [values[name] for name in ("src", "data", "srcset") if name in values]
        self.loads += [values["href"]] if tag == "link" else []
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
            self.said += data


@EVERY
def test_html_needs_nothing_else(one, tmp_path):
    """Nothing is loaded from elsewhere, and every link inside the page leads somewhere."""
    text = written(one, tmp_path, "html")
    page = Page(text)

    assert page.loads == []
    assert [part for part in ("url(", "@import", "fetch(", "XMLHttpRequest", "import(") if part in text] == []
    assert page.targets <= page.ids


def test_html_of_a_pass(tmp_path):
    """The answer first, then who was the limit, each level, and what was measured; nobody is blamed, nothing lost."""
    page = Page(written(PASS, tmp_path, "html"))

    assert summary(PASS) in page.said
    assert "The bridge was the limit of sending: it used a whole processor for 100% of the time" in page.said
    assert {"levels", "stages", "latencies", "plots", "processes"} <= page.ids
    assert "Whose it is to mend" not in page.said
    assert "losses" not in page.ids


def test_html_of_a_fail(tmp_path):
    """What was expected and got, whose it is, and who it happened to."""
    page = Page(written(FAIL, tmp_path, "html"))
    said = " ".join(page.said.split())

    assert "✕ fail Lost None 12 of 6,000 triggers The bridge" in said
    assert "At most 500 ms 2.412 s The bridge" in said
    assert "Lost 12 6,000 triggers C0000042: no message to 447100000042" in said
    assert said.count("Wrong text") == 1


def test_html_of_nothing(tmp_path):
    """A load test that broke at once makes a page too, without plots or scripts; what it says stays text."""
    page = Page(written(ERROR, tmp_path, "html"))

    assert page.scripts == []
    assert {"plots", "stages", "latencies", "losses", "processes"}.isdisjoint(page.ids)
    assert "The simulators hung </script><script>alert('hello')</script>" in page.said


def test_html_draws_the_samples(tmp_path):
    """The numbers stand in the page as JSON, for the script that draws them; each plot has its place and its words."""
    page = Page(written(FAIL, tmp_path, "html"))
    data = json.loads(page.scripts[0])

    assert [plot["names"] for plot in data["plots"]] == [
        ["triggers"], ["sending"], ["message"], ["acknowledgement"],
        ["simulators", "bridge", "load generator"], ["simulators", "bridge", "load generator"],
    ]  # fmt: skip
    assert {len(values) for plot in data["plots"] for values in plot["values"]} == {len(data["at"])} == {66}
    assert {f"plot-{index}" for index in range(6)} <= page.ids
    assert page.labels[1] == "Throughput of sending. sending: 95.05 a second on average, 95 at most. "


def test_html_carries_the_drawer_with_its_licence(tmp_path):
    """The drawer, uPlot, comes as its maker made it; its licence travels with every page."""
    script = Page(written(PASS, tmp_path, "html")).scripts[1]

    assert (FOLDER / "uplot" / "uPlot.iife.min.js").read_text() in script
    assert "The MIT License (MIT)" in script
    assert "Copyright (c) 2022 Leon Sorokin" in script


def test_html_of_hostile_names(tmp_path):
    """A name that ends a script ends none."""
    stage = Stage(name=HOSTILE, unit="messages", count=6_000, seconds=60.0)
    samples = tuple(Sample(at=float(at), counts={HOSTILE: at * 100}) for at in (1, 2))
    page = Page(written(verdict(result(stages=(stage,), samples=samples)), tmp_path, "html"))

    assert len(page.scripts) == 3
    assert json.loads(page.scripts[0])["plots"][0]["names"] == [HOSTILE]


def test_throughput_is_drawn_from_the_first_to_the_last():
    """Before it began and after it ended a stage has no pace, between them it may have rested."""
    reading = plots(campaign())[0].curves[0]

    assert reading.values[0] == 16_000.0
    assert reading.values[62] == 8_000.0
    assert set(reading.values[63:]) == {None}
    assert reading.says == "reading: 16,000 a second on average, 16,000 at most"
