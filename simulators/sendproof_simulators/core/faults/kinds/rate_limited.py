"""A call that is refused although the rate limit was respected. The service's own limiter does not count it.

Retry-After is in seconds. RFC 9110 also allows a date, but no document of a service shows one, so bridges need not read
it.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from msgspec import Meta

from sendproof_simulators.core.faults.spec import ALTERED, BEFORE, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response


@dataclass(frozen=True, kw_only=True)
class RateLimited(CallFault):
    """The call is refused as one too many, in the service's own form."""

    when: ClassVar[tuple[str, ...]] = (BEFORE,)

    retry_after: Annotated[int, Meta(ge=0, le=86_400, description="value of Retry-After, in seconds")] | None = None

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del original
        response = refuse("rate_limited", 429, "the rate limit is exceeded")
        headers = [(name, value) for name, value in response.headers if name.lower() != "retry-after"]
        if self.retry_after is not None:
            headers.append(("retry-after", str(self.retry_after)))
        return FaultedResponse(response=replace(response, headers=tuple(headers)), result=ALTERED)
