"""How a call to the outside can end other than well. What matters is whether it may have had its effect.

OutsideError
  NotDoneError              surely without effect: never arrived, or turned away
    RateLimitedError        turned away until a known time
    CredentialsRefusedError the other side does not accept the key
    RefusedError            the other side will not do this, however often it is asked
  UnknownOutcomeError       it may have been done: the reply was lost or made no sense
"""


class OutsideError(Exception):
    """A call to another service did not end well."""


class NotDoneError(OutsideError):
    """The call had no effect. `retry_after_ms` is what the other side asked to wait."""

    def __init__(self, reason: str, retry_after_ms: int | None = None) -> None:
        """`reason` must hold no secret: it is logged and stored."""
        super().__init__(reason)
        self.retry_after_ms = retry_after_ms


class RateLimitedError(NotDoneError):
    """The allowance for calls is used up."""


class CredentialsRefusedError(NotDoneError):
    """The key was not accepted. Somebody must give the bridge another, or enable this one."""


class RefusedError(NotDoneError):
    """The request itself is not accepted; asking again unchanged will hardly help."""


class UnknownOutcomeError(OutsideError):
    """Whether the call had its effect is not known."""
