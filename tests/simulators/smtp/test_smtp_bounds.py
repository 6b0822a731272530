"""What clients of the SMTP port do wrong, on purpose or not, while others are served."""

import base64
import socket
from contextlib import ExitStack, closing

import pytest

from sendproof_simulators.server.smtp.port import MOST_CONNECTIONS, MOST_ERRORS
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


def test_connection_ends_after_too_many_commands_that_cannot_be_read(relay: Relay) -> None:
    """A client whose DATA is refused may send its message anyway: then each line is a command."""
    with closing(relay.session()) as session:
        session.send(b"\r\n" * (MOST_ERRORS + 1) + b"NOOP\r\n")
        replies = session.file.readlines()
    assert replies == [b"500 Error: bad syntax\r\n"] * (MOST_ERRORS + 1) + [b"421 4.7.0 Too many errors\r\n"]


def test_message_starts_the_count_of_errors_anew(relay: Relay) -> None:
    with closing(relay.session()) as session:
        for _ in range(2):
            session.send(b"\r\n" * MOST_ERRORS)
            assert {session.getreply()[0] for _ in range(MOST_ERRORS)} == {500}
            assert session.sendmail(SENDER, relay.address(0), relay.mail()) == {}


def test_flood_of_commands_does_not_block_others(relay: Relay) -> None:
    """The client reads no replies."""
    with closing(relay.session()) as flooding:
        flooding.send(b"NOOP\r\n" * 20_000)
        assert relay.send(relay.address(0)) == {}


def half_closed(relay: Relay, commands: bytes) -> list[str]:
    """Log in, send commands all at once, close the sending side, and return all replies to them."""
    user, password = (relay.access["credentials"][name] for name in ("smtp_user", "smtp_password"))
    login = base64.b64encode(f"\0{user}\0{password}".encode())
    with idle_connection(relay) as client, client.makefile() as replies:
        client.sendall(b"EHLO client.example\r\nAUTH PLAIN " + login + b"\r\n" + commands)
        client.shutdown(socket.SHUT_WR)
        lines = [line.rstrip("\n") for line in replies]
    return lines[lines.index("235 2.7.0 Authentication succeeded") + 1 :]


def submission(relay: Relay) -> bytes:
    return f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{relay.address(0)}>\r\nDATA\r\n".encode() + relay.mail() + b".\r\n"


@pytest.mark.parametrize(("end", "replies"), [(b"QUIT\r\n", ["221 Bye"]), (b"", []), (b"QUI", [])])
def test_client_that_ends_its_side_gets_all_replies(relay: Relay, end: bytes, replies: list[str]) -> None:
    """As `nc` does: it sends its input, and ends its side with it."""
    sent = half_closed(relay, submission(relay) + end)

    assert [reply[:3] for reply in sent] == ["250", "250", "354", "250", *(reply[:3] for reply in replies)]
    assert len(relay.lines("delivery")) == 1


def test_message_without_an_end_is_not_sent(relay: Relay) -> None:
    assert [reply[:3] for reply in half_closed(relay, submission(relay)[:-5])] == ["250", "250", "354"]
    assert relay.lines("delivery") == []
