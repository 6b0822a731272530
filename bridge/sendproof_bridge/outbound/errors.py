"""Errors of calls to other services. The tree separates calls that may have had their effect from calls that had none.

RemoteCallError
  NotSentError           no effect: the call never arrived, or the service turned it away
    RateLimitedError     turned away because of too many calls
    UnauthorizedError    turned away because of the credentials
    RejectedError        turned away because of the request itself; repeating it unchanged rarely helps
  OutcomeUnknownError    perhaps done: the response was lost or unreadable
"""


class RemoteCallError(Exception):
    """A call to another service failed."""


class NotSentError(RemoteCallError):
    """The call had no effect. `retry_after_ms` is the delay that the service requested, if any."""

    def __init__(self, reason: str, retry_after_ms: int | None = None) -> None:
        """`reason` must not contain secrets: it is logged and stored."""
        super().__init__(reason)
        self.retry_after_ms = retry_after_ms


class RateLimitedError(NotSentError):
    """The rate limit is exceeded."""


class UnauthorizedError(NotSentError):
    """The credentials were refused. An operator must replace or enable them."""


class RejectedError(NotSentError):
    """The service does not accept the request."""


class OutcomeUnknownError(RemoteCallError):
    """It is unknown whether the call had its effect."""


# From the special to the general.
_NAMES: tuple[tuple[type[Exception], str], ...] = (
    (RateLimitedError, "rate_limited"),
    (UnauthorizedError, "unauthorized"),
    (RejectedError, "rejected"),
    (NotSentError, "not_sent"),
    (RemoteCallError, "unknown"),
)


def error_name(error: Exception) -> str:
    """Return the name of an error in measurements; `internal` if no service is its cause."""
    return next((name for kind, name in _NAMES if isinstance(error, kind)), "internal")
