"""The form of Optimove's refusals. Most of it is a guess; each line says how good a one."""

from collections.abc import Mapping

from sendproof_simulators.core.http import Problem, Response, Violation, json_response

_TEXT = "text/plain; charset=utf-8"
_MESSAGES_SHOWN = 5
_RETRY_AFTER_S = 10

_RATE_LIMITED = {
    "status": 429,
    "error": "Too Many Requests",
    "message": "You have exceeded the rate limit for this API group. Please retry later.",
}
# Some statuses have one text, whatever the reason.
_FIXED: Mapping[int, bytes] = {
    401: b'"Unauthorized"',
    405: b'"Method Not Allowed"',
    500: b'"Internal Server Error"',
}
# Kinds of refusal whose status is an open question, and the dialect that answers it.
_OPEN: Mapping[str, str] = {
    "unauthorized": "unknown_key",
    "not_permitted": "forbidden",
    "unknown_id": "unknown_id",
    "login_failed": "login_failure",
}
_BETTER_WORDS: Mapping[tuple[str | None, str], str] = {
    ("RegisterEventListener", "not"): "EventTypeID 5 has a general listener only: leave ChannelID out",
    ("RegisterEventListener", "pattern"): (
        "ListenerURL: expected an http or https URL such as http://127.0.0.1:9000/webhooks, raw or percent-encoded"
    ),
}


class RefusedError(Exception):
    """A request that keeps the contract but cannot be served; `kind` is one of `PROBLEM_KINDS` or of `_OPEN`."""

    def __init__(self, kind: str, status: int, detail: str) -> None:
        """Say what was expected, what came, and what to do."""
        super().__init__(detail)
        self.problem = Problem(kind=kind, status=status, detail=detail)


def not_found(detail: str) -> RefusedError:
    """There is no such campaign or channel. 404: assumed, after the test doubles of PyPI optimove 2.0.0."""
    return RefusedError("unknown_id", 404, detail)


def bad_request(detail: str) -> RefusedError:
    """A value that only the state can judge is wrong. 400: assumed."""
    return RefusedError("bad_request", 400, detail)


def forbidden(detail: str) -> RefusedError:
    """The key is good, but not for this. 403: assumed."""
    return RefusedError("not_permitted", 403, detail)


def error(problem: Problem) -> Response:
    """Put a refusal into Optimove's words.

    429 with its JSON: documented, https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove
    (no Retry-After is mentioned there, so none is sent by default). 400 as plain text that names the parameter, and
    401, 405 and 500 as JSON strings in plain text: observed in the client code of GitHub larvit/optimove_mocker. 403
    for an expired token as plain text: documented, https://developer.optimove.com/docs/general-information. Everything
    else: assumed.
    """
    if problem.kind == "rate_limited":
        response = json_response(_RATE_LIMITED, status=429)
        wait = problem.dialects.get("retry_after") == "seconds"
        return (
            Response(status=429, body=response.body, headers=(("retry-after", str(_RETRY_AFTER_S)),))
            if wait
            else response
        )
    answer = problem.dialects.get(_OPEN.get(problem.kind, ""))
    status = problem.status if answer is None else int(answer)
    text = _FIXED.get(status) or _said(problem).encode()
    return Response(status=status, body=text, content_type=_TEXT)


def _said(problem: Problem) -> str:
    said = [_violation(problem.operation, v) for v in problem.violations[:_MESSAGES_SHOWN]]
    return "; ".join(said) or problem.detail or problem.kind.replace("_", " ").capitalize()


def _violation(operation: str | None, violation: Violation) -> str:
    if (operation, violation.rule) in _BETTER_WORDS:
        return _BETTER_WORDS[operation, violation.rule]
    place, _, name = violation.where.rpartition(".")
    if violation.rule == "required":
        return f"{name} is missing" if "." not in place else f"{name} is missing in {place}"
    return f"{violation.where}: {violation.message}"
