"""Secrets in the record of a sandbox."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instants import StillWallClock
from sendproof_simulators.core.recording.journal import Journal
from sendproof_simulators.core.recording.redaction import Redaction, redact_lines, redact_text

HEX = "7b8974adbc388a013c649ea4f9213632"
HOST = "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    "url",
    [
        f"{HOST}/hooks/acme/{HEX}",
        f"{HOST}/hooks/{HEX}/505-7001-0-0",
        f"{HOST}/hooks?token={HEX}&event=13",
        f"{HOST}/hooks?{HEX}",
        f"{HOST}/hooks#{HEX}",
        f"{HOST}/hooks;id={HEX}",
        f"http://acme:{HEX}@127.0.0.1:9000/hooks",
        f"{HOST}/a%20b/{HEX}%3D",
        f"{HOST}/hooks/eyJhbGciOi.{HEX}.c2ln",
    ],
)
def test_token_in_a_url_is_replaced(url: str) -> None:
    redacted = redact_text(f"no route to {url}")

    assert (HEX in redacted, redacted.startswith("no route to http://"), "127.0.0.1:9000" in redacted) == (
        False,
        True,
        True,
    )


@pytest.mark.parametrize("name", ["token", "apikey", "X-Api-Key", "sign", "password", "client_secret"])
def test_short_value_with_the_name_of_a_secret_is_replaced(name: str) -> None:
    assert redact_text(f"{HOST}/hooks?{name}=abc&to=7").endswith("&to=7")
    assert "abc&" not in redact_text(f"{HOST}/hooks?{name}=abc&to=7")


@pytest.mark.parametrize("path", ["/webhooks/optimove/acme", "/a/505-7001-0-0", "/v2/hook.php?event=13", "", "/?x"])
def test_plain_url_stays(path: str) -> None:
    assert redact_text(HOST + path) == HOST + path


def test_equal_urls_stay_equal_and_others_differ() -> None:
    first, again, other = (redact_text(f"{HOST}/{token}") for token in (HEX, HEX, HEX[::-1]))

    assert (first == again, first == other) == (True, False)


def test_journal_has_no_credential_of_the_sandbox_in_any_field() -> None:
    redaction = Redaction()
    redaction.add(HEX)
    journal = Journal(StillWallClock(), redaction)
    journal.append(0, "request", {"path": f"/x/{HEX}", "summary": {"values": [f"Basic {HEX}"]}, "status": 400})

    (line,) = map(json.loads, journal.lines())
    assert (HEX in str(line), line["path"], line["status"]) == (False, "/x/secret-" + line["path"][-8:], 400)


def test_link_in_a_message_is_content_and_stays() -> None:
    """The judge compares it with what the customer was due."""
    journal = Journal(StillWallClock())
    journal.append(0, "delivery", {"text": f"See {HOST}/{HEX}", "url": f"{HOST}/{HEX}", "receipt_url": f"{HOST}/{HEX}"})

    (line,) = map(json.loads, journal.lines())
    assert (line["text"], line["url"], HEX in line["receipt_url"]) == (f"See {HOST}/{HEX}", f"{HOST}/{HEX}", False)


# Pieces of lines and secrets, so that secrets are in lines, and in each other.
PIECES = st.lists(st.sampled_from(["a", "a" * 6, "b", "b" * 6]), max_size=6).map("".join)


@given(lines=st.lists(PIECES), secrets=st.lists(st.one_of(PIECES, PIECES.map("{}\naaaaaa".format))))
def test_lines_are_redacted_together_as_each_alone(lines: list[str], secrets: list[str]) -> None:
    """Also with secrets that are parts of each other, or that have a line end."""
    redaction = Redaction()
    for secret in secrets:
        redaction.add(secret)
    encoded = [line.encode() for line in lines] or [b""]
    assert redact_lines(encoded, redaction.names) == [redaction.redact_line(line) for line in encoded]


def test_new_secret_is_removed_from_later_entries_only() -> None:
    """An entry does not depend on whether the journal was read in the meantime."""
    redaction = Redaction()
    journal = Journal(StillWallClock(), redaction)
    journal.append(0, "note", {"text": HEX})
    redaction.add(HEX)
    journal.append(0, "note", {"text": HEX})
    assert [HEX in line.decode() for line in journal.lines()] == [True, False]
