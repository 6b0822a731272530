"""The replies of the relay, and its error responses: an HTTP status that repeats the SMTP reply.

documented: the codes (RFC 5321, 4.2), the enhanced status codes (RFC 3463), and those of authentication (RFC 4954).
assumed: the texts, and the HTTP statuses.
"""

from collections.abc import Mapping

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.http import Problem, Response, json_response
from sendproof_simulators.core.messaging.smtp import SmtpReply
from sendproof_simulators.services.smtp.state import SENDER_DOMAIN

AUTHENTICATED = SmtpReply(code=235, text="2.7.0 Authentication succeeded")
WRONG_LOGIN = SmtpReply(code=535, text="5.7.8 Authentication credentials invalid")

# Why a recipient is refused.
MALFORMED = SmtpReply(code=553, text="5.1.3 The address is malformed")
NO_MAILBOX = SmtpReply(code=550, text="5.1.1 The mailbox does not exist")
BLOCKED = SmtpReply(code=550, text="5.7.1 The recipient's server blocks the sender")
UNSUBSCRIBED = SmtpReply(code=550, text="5.7.1 The recipient is on the suppression list")
GREYLISTED = SmtpReply(code=450, text="4.2.0 The mailbox is busy; try again later")

# Why a message is refused for all of its recipients.
TOO_LARGE = SmtpReply(code=552, text="5.3.4 The message is too large")
NOT_MIME = SmtpReply(code=554, text="5.6.0 The message cannot be read")
NO_SENDER = SmtpReply(code=554, text="5.6.0 The message needs exactly one From")
# documented: the code, RFC 6531, 3.7.4.1
RAW_HEADER = SmtpReply(
    code=550, text="5.6.9 The header has other characters than ASCII; encode them (RFC 2047), or use SMTPUTF8"
)
NOT_VERIFIED = SmtpReply(
    code=550,
    text=f"5.7.1 MAIL FROM and From need addresses at {SENDER_DOMAIN}, the verified domain of this account",
)
NO_CONTENT = SmtpReply(code=554, text="5.6.0 The message has no text and no HTML")
NO_ONE_CLICK = SmtpReply(
    code=550, text="5.7.1 The message needs List-Unsubscribe with an http or https URL, and List-Unsubscribe-Post"
)

_TEMPORARY = range(400, 500)
_HTTP_STATUSES: Mapping[int, int] = {WRONG_LOGIN.code: 401, TOO_LARGE.code: 413}
_BY_KIND: Mapping[str, SmtpReply] = {
    "unauthorized": WRONG_LOGIN,
    "forbidden": WRONG_LOGIN,
    "too_large": TOO_LARGE,
    "rate_limited": SmtpReply(code=450, text="4.7.0 Too many messages; try again later"),
    "internal": SmtpReply(code=451, text="4.3.0 The server failed"),
}
_SYNTAX = "5.5.4 "
_CREDENTIAL_HEADERS = frozenset({"header.x-smtp-user", "header.x-smtp-password"})


class RefusedError(Exception):
    """A call is refused with a reply. `entries` are the journal entries of the refusal."""

    def __init__(self, reply: SmtpReply, *entries: JournalEntry) -> None:
        super().__init__(reply.line)
        self.reply = reply
        self.entries = entries


def enhanced_code(reply: SmtpReply) -> str:
    """Return the enhanced status code of a reply, such as 5.1.1."""
    return reply.text.partition(" ")[0]


def reason(reply: SmtpReply) -> str:
    """Return the text of a reply without its enhanced status code."""
    return reply.text.partition(" ")[2]


def reply_response(reply: SmtpReply, status: int | None = None) -> Response:
    """Return the response with the meaning of a reply."""
    refused = 503 if reply.code in _TEMPORARY else 422
    found = status or _HTTP_STATUSES.get(reply.code, refused if reply.code not in range(200, 400) else 200)
    return json_response({"code": reply.code, "reply": reply.text}, status=found)


def problem_response(problem: Problem) -> Response:
    """Return the response to a request that was refused before it reached an operation."""
    if any(violation.where in _CREDENTIAL_HEADERS for violation in problem.violations):
        return reply_response(WRONG_LOGIN)
    violations = "; ".join(f"{v.where.partition('.')[2] or v.where}: {v.message}" for v in problem.violations)
    syntax = SmtpReply(code=501, text=_SYNTAX + (violations or problem.detail))
    return reply_response(_BY_KIND.get(problem.kind, syntax), problem.status)
