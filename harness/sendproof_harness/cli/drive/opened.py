"""An open sandbox of running simulators: what a command needs to work in it, and how its result is printed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sendproof_harness.cli.options import print_json, refuse
from sendproof_harness.suggestions import alternatives, suggestion
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.control_client import ControlClient

#: Prints one result for a person.
PrintText = Callable[[Any, Console], None]


@dataclass(frozen=True, slots=True)
class OpenedSandbox:
    """A sandbox, and the defaults that a command takes from it."""

    control: "ControlClient"
    name: str

    def now(self) -> str:
        """Return the sandbox's time in ISO 8601."""
        return str(self.control.clock(self.name)["now"])

    def channel(self, kind: str, wanted: int | None) -> int:
        """Return the wanted channel, or the only one of its kind: scheduled or triggered."""
        if wanted is not None:
            return wanted
        ids = [channel["id"] for channel in self._channels() if channel.get("kind", "scheduled") == kind]
        if len(ids) != 1:
            found = ", ".join(map(str, ids)) or "none"
            raise ValueError(f"--channel: expected one of the {kind} channels of this sandbox ({found}), got none")
        return int(ids[0])

    def provider(self, wanted: str | None) -> str:
        """Return the wanted provider, or the only one of the channels."""
        if wanted is not None:
            return wanted
        names = sorted({str(channel["provider"]) for channel in self._channels()})
        if len(names) != 1:
            raise ValueError(f"--provider: expected {alternatives(names or ['a provider'])}, got none")
        return names[0]

    def check_service(self, option: str, name: str | None) -> None:
        """Refuse a name that no service of the sandbox has; None passes."""
        known = self.control.sandbox(self.name)["services"]
        if name is not None and name not in known:
            raise ValueError(f"{option}: expected the name of a service, got {name!r}; {suggestion(name, known)}")

    def template_id(self, provider: str, title: str) -> object:
        """Return the id of a provider's template by its title."""
        ids = {template["title"]: template["id"] for template in self.control.templates(self.name, provider)}
        if title not in ids:
            raise ValueError(f"no template of {provider} is titled {title!r}; {suggestion(title, ids)}")
        return ids[title]

    def _channels(self) -> list[Mapping[str, Any]]:
        channels: list[Mapping[str, Any]] = self.control.sandbox(self.name)["channels"]
        return channels


@contextmanager
def open_control(control_url: str) -> Iterator["ControlClient"]:
    """Open the control API; errors inside the block refuse the command."""
    from sendproof_harness.control_client import ControlClient, ControlError  # noqa: PLC0415 - `--help` stays quick

    try:
        with ControlClient(control_url) as control:
            # A simulated service responds to anything, and not always with an error.
            control.health()
            yield control
    except ControlError as error:
        refuse(f"sendproof: {error.detail}")
    except ValueError as error:
        refuse(f"sendproof: {error}")


@contextmanager
def open_sandbox(control_url: str, name: str) -> Iterator[OpenedSandbox]:
    """Open a sandbox; errors inside the block refuse the command."""
    with open_control(control_url) as control:
        yield OpenedSandbox(control, name)


def print_result(content: Any, print_text: PrintText, *, json: bool) -> None:
    """Print a result, for a program as JSON in one line."""
    if json:
        print_json(content)
    else:
        print_text(content, Terminal())
