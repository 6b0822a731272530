"""The response of a proxy in front of the service, or of a service with an outage."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.faults.spec import ALTERED, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response


@dataclass(frozen=True, kw_only=True)
class Status(CallFault):
    """The response has a chosen status and body."""

    status: Annotated[int, Meta(ge=200, le=599, description="HTTP status of the response")] = 503
    body: Annotated[str, Meta(max_length=100_000, description="body of the response")] = ""
    content_type: Annotated[str, Meta(min_length=1, max_length=200, description="content type of the response")] = (
        "text/plain"
    )
    retry_after: Annotated[int, Meta(ge=0, le=86_400, description="value of Retry-After, in seconds")] | None = None

    def __post_init__(self) -> None:
        if self.body and self.status in {204, 304}:
            raise ValueError(f"expected no body with status {self.status}, which has none, got {self.body[:40]!r}")

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del original, refuse
        headers = () if self.retry_after is None else (("retry-after", str(self.retry_after)),)
        response = Response(
            status=self.status, body=self.body.encode(), content_type=self.content_type, headers=headers
        )
        return FaultedResponse(response=response, result=ALTERED)
