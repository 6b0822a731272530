"""How a stranger guesses the URL of a one-click unsubscription."""

import base64
import hashlib

import pytest

from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.smtp.guessed_urls import guessed_url

BASE = "http://127.0.0.1:9000/unsubscribe"
ADA, BOB = ("ada@example.com", "C0000004"), ("bob@example.com", "C0000007")


@pytest.mark.parametrize(
    ("named", "guessed"),
    [
        ("?email=ada@example.com", "?email=bob@example.com"),
        ("?email=ada%40example.com&c=7001", "?email=bob%40example.com&c=7001"),
        ("/YWRhQGV4YW1wbGUuY29t", "/Ym9iQGV4YW1wbGUuY29t"),
        ("/acmo/ada@example.com/sig-5f3a", "/acmo/bob@example.com/sig-5f3a"),
        ("/C0000004", "/C0000007"),
        ("/3e3417d7ef77d5932a6734b916515ed5", "/4b9bb80620f03eb3719e0a061c14283d"),
        ("?id=41", "?id=42"),
        ("/7001/41?utm=mail", "/7002/42?utm=mail"),
        ("/u/0000041", "/u/0000042"),
        ("/u/15-41", "/u/16-42"),
        ("?r=7001%3A41", "?r=7002%3A42"),
        ("?email=ada@example.com&c=C0000004", "?email=bob@example.com&c=C0000007"),
        ("/u/NzAwMTpDMDAwMDAwNA==", "/u/NzAwMTpDMDAwMDAwNw=="),
        ("?u=NzAwMTo0MQ%3D%3D", "?u=NzAwMjo0Mg%3D%3D"),
        ("/u/eyJjIjogNDF9", "/u/eyJjIjogNDJ9"),
    ],
)
def test_usual_names_of_a_recipient_are_those_of_another(named: str, guessed: str) -> None:
    """The digest is MD5. A signature stays, so it does not fit."""
    assert guessed_url(BASE + named, ADA, BOB) == BASE + guessed


@pytest.mark.parametrize("token", ["/k3J9xQvZ", "/k3J9xQvA", "?t=k3J9xQvZ-_", "/8f14e45fceea167a"])
def test_random_token_is_changed_by_a_character(token: str) -> None:
    """No one can do better, so a bridge with such tokens shows that it looks at them."""
    guess = guessed_url(BASE + token, ADA, BOB)

    assert len(guess) == len(BASE + token)
    assert sum(a != b for a, b in zip(guess, BASE + token, strict=True)) == 1


@pytest.mark.parametrize("size", [8, 16, 20, 32])
def test_changed_token_is_another_one_however_it_is_decoded(size: int) -> None:
    """The last character of Base64 can have bits without a meaning, and hexadecimal digits have two cases."""
    for number in range(200):
        raw = hashlib.sha256(f"{number}".encode()).digest()[:size]
        for token in (base64.urlsafe_b64encode(raw).decode().rstrip("="), raw.hex()):
            *_, guess = guessed_url(f"{BASE}/news/{token}?utm=mail", ADA, BOB).removesuffix("?utm=mail").split("/")
            assert base64.urlsafe_b64decode(guess + "==") != base64.urlsafe_b64decode(token + "==")
            assert guess.lower() != token.lower()


@pytest.mark.parametrize("rest", ["", "?", "/?", "/"])
def test_host_and_port_stay(rest: str) -> None:
    """There is nothing to guess in them, and a sandbox sends to no other host."""
    assert guessed_url(f"http://127.0.0.1:9000{rest}", ADA, BOB) == f"http://127.0.0.1:9000{rest}"


def test_guess_is_a_url_that_can_be_called() -> None:
    guess = guessed_url(f"{BASE}?email=ada@example.com", ADA, ("jörg@example.com", "C0000007"))

    assert check_webhook_url(guess, False) == f"{BASE}?email=j%C3%B6rg@example.com"


def test_short_names_are_no_part_of_the_url() -> None:
    assert guessed_url("http://127.0.0.1:9000/u/x", ("9000", "9000"), ("9001", "9001")) == "http://127.0.0.1:9000/u/a"
