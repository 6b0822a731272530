"""Replies of a mail relay without an end: the bridge gives up, and knows whether the message may have gone out."""

from itertools import repeat

import pytest

from raw_server import raw_server
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import NotSentError, OutcomeUnknownError
from sendproof_bridge.outbound.smtp_session import Envelope, SmtpClient, SmtpServer

ENVELOPE = Envelope(sender="bounces@client.example", recipient="ada@example.com", id="505-7001-0-0")
MAIL = b"Subject: Hello\r\n\r\nHello\r\n"
LOGIN = (b"220 relay\r\n", b"250-relay\r\n250 AUTH PLAIN\r\n", b"235 OK\r\n")
REPLIES = (*LOGIN, b"250 OK\r\n", b"250 OK\r\n", b"354 Go ahead\r\n")
FLOOD, DRIP = (b"250-" + b"x" * 8000 + b"\r\n") * 16, b"250-x\r\n"


def client_of(url: str, **options: float) -> SmtpClient:
    server = SmtpServer(url=url.replace("http://", "smtp://"), user="client", password=Secret("secret"))
    return SmtpClient(server, **options)


@pytest.mark.parametrize("complete", range(len(REPLIES) + 1))
def test_endless_reply_to_any_command_is_refused_by_its_size(complete):
    """From the command for the data on, the outcome is unknown."""
    expected = OutcomeUnknownError if complete >= len(REPLIES) - 1 else NotSentError
    with (
        raw_server(REPLIES[:complete], repeat(FLOOD), greets=True) as url,
        pytest.raises(expected, match="expected a reply of at most 65,536 bytes, got more"),
    ):
        client_of(url).send(ENVELOPE, MAIL)


@pytest.mark.parametrize("complete", range(len(LOGIN)))
def test_reply_of_a_line_now_and_then_is_refused_by_its_time(complete):
    """Each line is quick enough, but there is always another one."""
    with (
        raw_server([b"".join(LOGIN[:complete])], repeat(DRIP), pause=0.02, greets=True) as url,
        pytest.raises(NotSentError, match=r"expected a whole reply within 0\.4 s, and no pause of 0\.2 s"),
    ):
        client_of(url, read_seconds=0.2).send(ENVELOPE, MAIL)


def test_endless_reply_to_the_start_of_tls_is_refused_by_its_size():
    with (
        raw_server([b"220 relay\r\n", b"250-relay\r\n250 STARTTLS\r\n"], repeat(FLOOD), greets=True) as url,
        pytest.raises(NotSentError, match="expected a reply of at most 65,536 bytes, got more"),
    ):
        client_of(url).send(ENVELOPE, MAIL)


def test_challenge_that_is_not_base64_means_that_nothing_was_sent():
    challenge = (b"220 relay\r\n", b"250-relay\r\n250 AUTH CRAM-MD5\r\n", b"334 x\r\n")
    with raw_server(challenge, greets=True) as url, pytest.raises(NotSentError, match="no connection"):
        client_of(url).send(ENVELOPE, MAIL)
