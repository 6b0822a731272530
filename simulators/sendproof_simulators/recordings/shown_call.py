"""A recorded call as the signs of dialects read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_simulators.recordings.recorded_call import RecordedCall, json_value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A call with its service and operation; both bodies are known. `is_callback`: the service made it."""

    service: str
    operation: str
    is_callback: bool
    call: RecordedCall

    @property
    def number(self) -> int:
        """The number of the call in the recording."""
        return self.call.number

    @property
    def status(self) -> int:
        """The status of the response, 0 without one."""
        return 0 if self.call.response is None else self.call.response.status

    @property
    def is_success(self) -> bool:
        """True if a response came that reports no error."""
        return self.call.is_accepted

    @property
    def sent(self) -> Any:
        """The JSON value of the request, None if it is not JSON."""
        return json_value(self.call.request.body)

    @property
    def answer(self) -> Any:
        """The JSON value of the response, None if it is not JSON."""
        return None if self.call.response is None else json_value(self.call.response.body)

    @property
    def has_empty_answer(self) -> bool:
        """True if a response without a body came."""
        return self.call.response is not None and not self.call.response.body

    def query(self, name: str) -> str | None:
        """Return the value of a parameter, None without one."""
        return next((value for key, value in self.call.request.query if key.lower() == name.lower()), None)

    def header(self, name: str) -> str | None:
        """Return a header of the response."""
        headers = () if self.call.response is None else self.call.response.headers
        return next((value for key, value in headers if key == name), None)


def members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of the members of an object, or of the objects in a list."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, Mapping):
            yield from item.items()
