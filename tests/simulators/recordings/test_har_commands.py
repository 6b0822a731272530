"""`contract --har` and `dialects --from-har` as a user runs them."""

import json
from pathlib import Path

import pytest

from command_line import sendproof
from recorded_traffic import recorded_call
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.recordings.har_file import HarFile
from sendproof_simulators.recordings.known_contracts import parse_addresses

PATH = "/current/integrations/GetChannelTemplates"
ROWS = [{"TemplateID": "1", "TemplateName": "A"}]


@pytest.fixture
def har(tmp_path: Path) -> Path:
    """Return a recording of one call, whose answer has ids as text."""
    request = Request(method="GET", path=PATH, query=(("ChannelID", "505"),), headers={"x-api-key": "k" * 20})
    answered = Response(body=json.dumps(ROWS).encode(), content_type="application/json")
    with HarFile(tmp_path / "a.har", "1") as file:
        file.add(recorded_call(f"https://api4.optimove.net{PATH}", request, answered), 1.0, (0, 10))
    return tmp_path / "a.har"


@pytest.mark.slow
def test_recording_shows_a_dialect_and_is_judged_by_it(har: Path) -> None:
    shown = sendproof("dialects", "--from-har", har)
    assert (shown.status, "optimove.id_type=text (1 call, first: entry 1)" in shown.out) == (0, True)
    judged = sendproof("contract", "--har", har, "--json")
    outcome = json.loads(judged.out)
    assert (judged.status, outcome["verdict"], outcome["findings"]) == (0, "pass", [])


def test_recording_cannot_be_combined_with_a_bridge(har: Path) -> None:
    result = sendproof("contract", "--har", har, "--command", "true")
    assert (result.status, "--har: cannot be combined" in result.err) == (3, True)


@pytest.mark.parametrize("url", ["http://[", "http://a:99999", "http://u:p@a", "ftp://a", "http://a?b", ""])
def test_url_that_no_service_has_names_the_option(url: str) -> None:
    with pytest.raises(ValueError, match="--to: expected NAME=URL such as optimove="):
        parse_addresses("--to", [f"optimove={url}"], "service")
