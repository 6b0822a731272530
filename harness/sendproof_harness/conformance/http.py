"""Posting to a listener over HTTP, and what comes back. Nothing is followed, kept open, or sent by way of a proxy."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests

from sendproof_harness.conformance.requests import Post
from sendproof_harness.control_client import reason
from sendproof_harness.judge.checks.listener import is_failed_response

NO_ANSWER = "no answer within {:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The status, or why there was none. `hung`: time ran out; `refused`: nothing took the connection."""

    status: int | None = None
    error: str | None = None
    hung: bool = False
    refused: bool = False


def send(post: Post, within_s: float) -> Answer:
    """Make one call. Each has a connection of its own: one that was kept may be closed just when it is used again."""
    headers: Mapping[str, str | None] = {"Content-Type": post.content_type, "Connection": "close"}
    with requests.Session() as http:
        http.trust_env = False
        try:
            reply = http.request(
                post.method, post.url, data=post.body, headers=headers, timeout=within_s, allow_redirects=False
            )
        except requests.Timeout:
            return Answer(error=NO_ANSWER.format(within_s), hung=True)
        except requests.RequestException as error:
            return Answer(error=f"the connection was cut: {reason(error)}", refused=_nobody_was_there(error))
    return Answer(status=reply.status_code)


def is_failure(post: Post, answer: Answer) -> bool:
    """Whether a listener must not answer so."""
    return is_failed_response(post.asks, post.method, answer.status, timed_out=answer.hung)


def _nobody_was_there(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False
