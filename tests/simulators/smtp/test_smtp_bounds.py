"""What clients of the SMTP port do wrong, on purpose or not, while others are served."""

import socket
from contextlib import ExitStack, closing

import pytest

from sendproof_simulators.server.smtp.port import MOST_CONNECTIONS
from simulated_relay import SENDER, Relay


def idle_connection(relay: Relay) -> socket.socket:
    host, _, port = relay.access["mail_url"].removeprefix("smtp://").partition(":")
    return socket.create_connection((host, int(port)), timeout=120)


def test_connections_without_a_login_make_room_for_others(relay: Relay) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(idle_connection(relay))
        for _ in range(MOST_CONNECTIONS):
            stack.enter_context(idle_connection(relay))
        assert relay.send(relay.address(0)) == {}
        assert first.makefile().readlines()[1:] == ["421 4.7.0 Too many connections\n"]


def test_message_without_a_line_end_is_refused_at_its_end(relay: Relay) -> None:
    with closing(relay.session()) as session:
        session.mail(SENDER)
        session.rcpt(relay.address(0))
        session.docmd("DATA")
        session.send(b"x" * 3_000_000 + b"\r\n.\r\n")
        assert session.getreply() == (500, b"5.5.2 A line is too long")
        assert session.noop() == (250, b"OK")


@pytest.mark.parametrize("command", ["MAIL FROM:<", "RCPT TO:<", "VRFY <", "MAIL FROM:" + "(" * 400])
def test_address_that_cannot_be_read_is_refused(relay: Relay, command: str) -> None:
    with closing(relay.session()) as session:
        if command.startswith("RCPT"):
            session.mail(SENDER)
        code, text = session.docmd(command)
        assert (code // 100, b"Error: (" in text) == (5, False)
        assert session.noop() == (250, b"OK")


def test_long_login_is_refused(relay: Relay) -> None:
    with closing(relay.connect()) as session:
        session.ehlo()
        session.docmd("AUTH PLAIN")
        assert session.docmd("a" * 5_000) == (500, b"5.5.2 The command cannot be read")


def test_flood_of_commands_does_not_block_others(relay: Relay) -> None:
    """The client reads no replies."""
    with closing(relay.session()) as flooding:
        flooding.send(b"NOOP\r\n" * 20_000)
        assert relay.send(relay.address(0)) == {}
