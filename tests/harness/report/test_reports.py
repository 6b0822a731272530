"""What each reader of a verdict is given."""

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
from history_builder import Story, sound_story
from sendproof_harness.history.timestamps import HOUR, iso, parse_instant
from sendproof_harness.report import print_verdict, write_reports
from sendproof_harness.report.formatting import capitalised, counted
from sendproof_harness.report.recipients import ROWS_MAX, recipients
from sendproof_harness.report.summary import summary
from sendproof_harness.report.timeline import timeline

SCHEMA = json.loads((Path(sendproof_harness.report.__file__).parent / "verdict.schema.json").read_text())
HOSTILE = "<script>alert('hello')</script>\x07 \N{GREEK SMALL LETTER ALPHA}"


@pytest.fixture
def spoilt(sound: Story) -> Story:
    """One recipient an hour early, one with a hostile text, one lost."""
    due = parse_instant(str(sound.of_customer(3)["due"]))
    lost = sound.delivery_to(6)["message"]
    story = sound.change_delivery_to(3, send_at=iso(due - HOUR)).change_delivery_to(4, text=HOSTILE)
    return story.without("delivery", lambda line: line["message"] == lost)


def printed(story: Story, reports: dict[str, Path] | None = None, run: Path | None = None) -> str:
    """What a terminal shows."""
    console = Console(file=io.StringIO(), width=140)
    print_verdict(story.verdict(), console, reports, run)
    return console.file.getvalue()


def written(story: Story, folder: Path, name: str) -> str:
    """The text of one report."""
    return write_reports(story.verdict(), story.history(), folder)[name].read_text(encoding="utf-8")


def test_files(sound, tmp_path):
    """Three files in a folder that is made when it is missing."""
    paths = write_reports(sound.verdict(), sound.history(), tmp_path / "a" / "b")

    assert {name: path.name for name, path in paths.items()} == {
        "json": "verdict.json", "junit": "junit.xml", "html": "report.html",
    }  # fmt: skip
    assert all(path.is_file() for path in paths.values())


def test_terminal_of_a_pass(sound, tmp_path):
    """One line a check with what it looked at, the ledger, the seed and where the reports are."""
    text = printed(sound, {"html": Path("out/report.html")})

    assert re.search(r"pass +Every recipient gets the message once +10 recipients", text)
    assert "ok 10   withheld 2" in text
    assert "All 10 recipients got the right message at the right time, once." in text
    assert re.search(r"seed +42 *\n", text)
    assert re.search(r"html +out/report\.html", text)


def test_terminal_of_a_fail(spoilt):
    """Findings by cause, each with who, expected and got."""
    text = printed(spoilt)

    assert "fail  sent at local time: exactly 1 h early, as if local time were UTC" in text
    assert "campaign 7001, channel 505, customer C0000003" in text
    assert "expected sent at 2026-03-02 09:00:00 UTC, at most 5 min after" in text
    assert "got      sent at 2026-03-02 08:00:00 UTC, 1 h early" in text


def test_terminal_says_where_to_look_next(sound, spoilt, tmp_path):
    """A command that tells the story of somebody whom the gravest finding is about; a pass needs none."""
    run = tmp_path / "a run"

    assert f"sendproof explain '{run}' C0000006" in printed(spoilt, run=run)
    assert "sendproof explain" not in printed(sound, run=run) + printed(spoilt)


def test_html_says_where_to_look_next_and_spells_names_as_they_are(spoilt, sound, tmp_path):
    """The same command for whoever stands in the folder."""
    assert "<code>sendproof explain RUN C0000006</code>" in written(spoilt, tmp_path, "html")
    assert "sendproof explain" not in written(sound, tmp_path, "html")
    assert [capitalised(text) for text in ("lost: never sent", "saveEvent: told late")] == [
        "Lost: never sent", "saveEvent: told late",
    ]  # fmt: skip


def test_terminal_of_eighty_characters(sound):
    """A pass needs no wider terminal: no check is broken over two lines."""
    console = Console(file=io.StringIO(), width=80)
    print_verdict(sound.verdict(), console)

    assert all(result.check.title in console.file.getvalue() for result in sound.verdict().results)


def test_terminal_takes_no_markup_from_a_bridge(sound):
    """Square brackets in a text are a text."""
    assert "[bold]Hello[/nothing]" in printed(sound.change_delivery_to(4, text="[bold]Hello[/nothing]"))


def test_json(sound, spoilt, tmp_path):
    """The document fits its schema, and carries verdict, ledger, checks and findings."""
    document = json.loads(written(spoilt, tmp_path, "json"))

    Draft202012Validator(SCHEMA).validate(document)
    Draft202012Validator(SCHEMA).validate(json.loads(written(sound, tmp_path, "json")))
    assert (document["verdict"], document["exit_status"], document["seed"]) == ("fail", 1, 42)
    assert (document["ledger"]["early"], document["ledger"]["lost"]) == (1, 1)
    time = next(check for check in document["checks"] if check["id"] == "delivery.time")
    assert time["findings"][0]["examples"][0]["where"]["customer"] == "C0000003"


def test_schema_knows_every_key(spoilt, tmp_path):
    """The schema has no key to spare, and none is written that it does not describe."""
    document = json.loads(written(spoilt, tmp_path, "json"))

    assert set(document) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    assert set(document["campaigns"][0]) == set(SCHEMA["$defs"]["campaign"]["properties"])
    assert set(document["checks"][0]) == set(SCHEMA["$defs"]["check"]["properties"])


def junit(story: Story, folder: Path) -> Element:
    """The one suite of a JUnit report."""
    suite = fromstring(written(story, folder, "junit")).find("testsuite")
    assert suite is not None
    return suite


def test_junit(spoilt, tmp_path):
    """One test case a check; a failed one says what was expected and got, even when a text holds control characters."""
    suite = junit(spoilt, tmp_path)
    failures = {case.get("name", "").partition(":")[0]: case.find("failure") for case in suite.iter("testcase")}

    assert int(suite.get("tests", "")) == len(failures) == len(spoilt.verdict().results)
    assert {name for name, failure in failures.items() if failure is not None} == {
        "delivery.once", "delivery.text", "delivery.time", "metrics.accurate",
    }  # fmt: skip
    assert (
        failures["delivery.time"].get("message")
        == "sent at local time: exactly 1 h early, as if local time were UTC (1)"
    )
    assert "<script>alert" in failures["delivery.text"].text


def test_junit_skips_what_is_unknown(sound, tmp_path):
    """A check that had nothing to look at is a skipped case that says so."""
    suite = junit(Story(sound.lines[:1]), tmp_path)
    skipped = {case.get("name", "").partition(":")[0]: case.find("skipped") for case in suite.iter("testcase")}

    assert skipped["delivery.once"].get("message") == "nothing to look at: no recipients"
    assert suite.get("failures") == "0"


class Page(HTMLParser):
    """What a page loads, links to inside itself, and says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.loads: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.tags.append(tag)
        self.ids |= {values["id"] or ""} if "id" in values else set()
        self.loads += [values[name] or "" for name in ("src", "data", "srcset") if name in values]
        if (values.get("href") or "").startswith("#"):
            self.targets.add((values["href"] or "")[1:])

    def handle_data(self, data: str) -> None:
        self.said += data


def test_html_needs_nothing_else(spoilt, tmp_path):
    """No script, no file, no font from elsewhere; and every link inside the page leads somewhere."""
    text = written(spoilt, tmp_path, "html")
    page = Page(text)

    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert page.loads == []
    assert "url(" not in text
    assert "@import" not in text
    assert page.targets <= page.ids


def test_html_of_a_fail(spoilt, tmp_path):
    """It says what is wrong, for whom, and by which requirement; what a bridge sent stays text."""
    page = Page(written(spoilt, tmp_path, "html"))

    assert "This bridge is not ready" in page.said
    assert "3 of 10 recipients did not get what they were owed." in page.said
    assert "Sent at local time: exactly 1 h early, as if local time were UTC" in page.said
    assert "<script>alert('hello')</script>" in page.said
    assert "C0000006" in page.said


def test_html_of_a_pass(sound, tmp_path):
    """Nothing is wrong, so neither findings nor affected people are shown."""
    page = Page(written(sound, tmp_path, "html"))

    assert "This bridge did its job" in page.said
    assert {"findings", "people"}.isdisjoint(page.ids)
    assert {"recipients", "campaigns", "timeline", "checks"} <= page.ids


def test_html_of_nothing(sound, tmp_path):
    """A run without a campaign makes a page too."""
    page = Page(written(Story(sound.lines[:1]), tmp_path, "html"))

    assert "Not everything could be judged" in page.said
    assert "timeline" not in page.ids


def test_affected_people_are_capped_fairly():
    """With more than fit, every class is still shown."""
    story = sound_story(customers=1_500, page=1_000)
    spoilt = story.without("delivery", lambda line: int(line["message"]) > 20).change_delivery_to(4, text="Hello")
    shown = recipients(spoilt.history())

    assert (len(shown.rows), shown.total) == (ROWS_MAX, 1_480)
    assert {row.name for row in shown.rows} == {"lost", "wrong text"}


def test_the_scenario_is_named(sound, tmp_path):
    """Every reader is told what was played; a history without a scenario names its sandbox."""
    played = {"n": 0, "at": sound.lines[0]["ended"], "kind": "scenario", "name": "Spring <b>", "file": "spring"}
    story = sound.plus(played)

    assert re.search(r"scenario +Spring <b> +\(spring\) *\n", printed(story))
    assert json.loads(written(story, tmp_path, "json"))["scenario"] == {"name": "Spring <b>", "file": "spring"}
    assert "Spring <b> (spring)" in Page(written(story, tmp_path, "html")).said
    suite = junit(story, tmp_path)
    assert suite.get("name") == "sendproof spring"
    assert [some.get("value") for some in suite.iter("property") if some.get("name") == "scenario"] == ["Spring <b>"]
    assert junit(sound, tmp_path).get("name") == "sendproof s1"
    assert json.loads(written(sound, tmp_path, "json"))["scenario"] is None


def test_timeline(sound):
    """Hours with messages are bars, pushes and midnights are marks, all within the picture."""
    picture = timeline(sound.history())

    assert [(lane.name, lane.total, len(lane.bars)) for lane in picture.lanes] == [("sent", 10, 3), ("receipts", 10, 3)]
    assert (len(picture.pushes), len(picture.days), len(picture.due)) == (28, 7, 3)
    assert picture.description.startswith(
        "10 messages went out between 2026-03-02 09:00:00 UTC and 2026-03-02 11:00:00 UTC"
    )


def test_summary_of_unwanted_messages(sound):
    """Messages that should not have gone out are told beside those that should."""
    stray = sound.delivery_to(4) | {"message": "stray", "number": "447999999999"}

    assert summary(sound.plus(stray).verdict()) == (
        "All 10 recipients got the right message at the right time, once. 2 more were rightly left alone. "
        f"1 message went out that nobody was owed. 1 of {len(sound.verdict().results)} checks failed."
    )


@pytest.mark.parametrize(
    ("number", "nouns", "said"),
    [(1, "deliveries", "1 delivery"), (1, "batches", "1 batch"), (1, "pages", "1 page"), (2_000, "runs", "2,000 runs")],
)
def test_counted(number, nouns, said):
    """One of a thing is not one of things."""
    assert counted(number, nouns) == said
