"""The Python client of the simulators, for tests in any framework: start them, drive a sandbox, and read what happened.

    with start_simulators() as simulators:
        sandbox = simulators.create_sandbox({"seed": 7, "audience": {"customers": 20}})
        send_with_my_code(sandbox.service("textlocal").url, sandbox.service("textlocal").credentials["apikey"])
        sandbox.clock.advance(timedelta(days=1))
        assert [message["state"] for message in sandbox.messages()] == ["delivered"]

Values are those of the control API (`control_types`). Every call can raise `ControlError`. Objects of this module are
not for several threads at once.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

from sendproof.control_types import (
    Campaign,
    CampaignSummary,
    Channel,
    Clock,
    ComputedVerdict,
    Customer,
    CustomerEvent,
    CustomerSummary,
    Fault,
    Health,
    Key,
    KeyChange,
    Message,
    MessageDetails,
    MessageState,
    NewCampaign,
    NewFault,
    NewSandbox,
    NewTemplate,
    NewTrigger,
    RecordedEvents,
    Request,
    RequestEntry,
    SandboxService,
    Snapshot,
    State,
    Template,
    Trigger,
    Webhook,
)
from sendproof.control_types import Sandbox as SandboxFacts
from sendproof_harness.control_client import (
    ControlClient,
    ControlError,
    NotControlApiError,
    NotQuietError,
    UnreachableError,
)
from sendproof_harness.run.simulator_process import start_simulators as start_process
from sendproof_harness.scratch import scratch_folder

__all__ = [
    "ControlError",
    "NotControlApiError",
    "NotQuietError",
    "Sandbox",
    "SandboxClock",
    "Service",
    "Simulators",
    "UnreachableError",
    "start_simulators",
]

#: Real seconds within which an advance has to reach its target.
ADVANCE_S = 120.0
_PAGE = 1_000


@contextmanager
def start_simulators() -> Iterator["Simulators"]:
    """Start simulators in a process of their own, on free ports of loopback; they end with the block.

    They also end if this process is killed. `ProcessError` if they do not start.
    """
    with scratch_folder() as folder, ExitStack() as stack:
        url = start_process(folder / "simulators.log", stack)
        yield stack.enter_context(Simulators(url))


class Simulators:
    """Running simulators, by the URL of their control port, such as `http://127.0.0.1:4100` of `sendproof up`."""

    def __init__(self, url: str) -> None:
        self.control = ControlClient(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.control.__exit__(*error)

    @property
    def url(self) -> str:
        """The URL of the control port."""
        return self.control.url

    def health(self) -> Health:
        """Return version and process id."""
        return cast("Health", self.control.health())

    def create_sandbox(self, settings: NewSandbox) -> "Sandbox":
        """Create a sandbox, with a new name unless the settings have one."""
        return self.sandbox(self.control.create_sandbox(settings)["sandbox"])

    def sandbox(self, name: str) -> "Sandbox":
        """Return an existing sandbox, such as `default` of `sendproof up`."""
        return Sandbox(self.control, cast("SandboxFacts", self.control.sandbox(name)))


@dataclass(frozen=True, slots=True)
class Service:
    """The address of a simulated service, and the credentials of one sandbox for it, by name.

    `mail_url` is its address for SMTP, such as `smtp://127.0.0.1:4107`, if it has one. A message then needs senders at
    `sender_domain`, in MAIL FROM and in From.
    """

    url: str
    credentials: Mapping[str, str]
    mail_url: str | None = None
    sender_domain: str | None = None


def _service(found: SandboxService) -> Service:
    return Service(
        url=found["url"],
        credentials=found["credentials"],
        mail_url=found.get("mail_url"),
        sender_domain=found.get("sender_domain"),
    )


class SandboxClock:
    """The virtual time of a sandbox, which its bridge and the services share."""

    def __init__(self, control: ControlClient, sandbox: str) -> None:
        self._control, self._sandbox = control, sandbox
        #: The address that a participating bridge gets as `clock_url`.
        self.url = f"{control.url}/control/sandboxes/{sandbox}/clock"

    def state(self) -> Clock:
        """Return time, mode, participants, and what is in flight."""
        return cast("Clock", self._control.clock(self._sandbox))

    def now(self) -> datetime:
        """Return the time in the sandbox."""
        return datetime.fromisoformat(self.state()["now"])

    def advance(self, by: timedelta, timeout_s: float = ADVANCE_S) -> datetime:
        """Let time pass, with everything that is due meanwhile; return the new time.

        `NotQuietError` if a participating bridge does not come to rest within `timeout_s` real seconds.
        """
        return self._advance({"by_ms": by // timedelta(milliseconds=1)}, timeout_s)

    def advance_to(self, instant: datetime, timeout_s: float = ADVANCE_S) -> datetime:
        """Advance to an instant, which has a time zone; otherwise as `advance`."""
        return self._advance({"to": instant.astimezone(UTC).isoformat()}, timeout_s)

    def set_rate(self, rate: float | None) -> None:
        """Let time also pass by itself, in seconds per real second; None stops it again."""
        self._control.set_clock_rate(self._sandbox, rate)

    def _advance(self, target: Mapping[str, object], timeout_s: float) -> datetime:
        return datetime.fromisoformat(self._control.advance(self._sandbox, target, timeout_s)["now"])


class Sandbox:
    """One sandbox: a client of Optimove with customers, channels and message providers of its own."""

    def __init__(self, control: ControlClient, facts: SandboxFacts) -> None:
        self._control = control
        self.name = facts["sandbox"]
        self.channels: list[Channel] = facts["channels"]
        self.services = {name: _service(found) for name, found in facts["services"].items()}
        self.clock = SandboxClock(control, self.name)

    def service(self, name: str) -> Service:
        """Return address and credentials of a service, such as `optimove` or `textlocal`; `KeyError` if unknown."""
        if name not in self.services:
            raise KeyError(f"expected one of {', '.join(sorted(self.services))}, got {name!r}")
        return self.services[name]

    def write_handover(self, file: Path | str, listen: tuple[str, int] = ("127.0.0.1", 9000)) -> None:
        """Write the handover file for a bridge that will listen at this host and port."""
        # Only now: it takes as long to import as all the rest.
        from sendproof_harness.handover.format import Listen  # noqa: PLC0415
        from sendproof_harness.handover.write import handover_content, write_handover  # noqa: PLC0415

        facts = self._control.sandbox(self.name)
        write_handover(handover_content(self._control.url, facts, Listen(host=listen[0], port=listen[1])), Path(file))

    # -- what a marketer does --------------------------------------------------------------------------

    def add_templates(self, provider: str, templates: Iterable[NewTemplate]) -> list[Template]:
        """Add templates to a provider, as its user would on its website."""
        return cast("list[Template]", self._control.add_templates(self.name, provider, templates))

    def templates(self, provider: str) -> list[Template]:
        """Return the templates of a provider."""
        return cast("list[Template]", self._control.templates(self.name, provider))

    def schedule_campaign(self, campaign: NewCampaign) -> Campaign:
        """Schedule a campaign; the bridge has to have added its templates to the channel."""
        return cast("Campaign", self._control.schedule_campaign(self.name, campaign))

    def cancel_campaign(self, campaign: int) -> Campaign:
        """Cancel a campaign now."""
        return cast("Campaign", self._control.cancel_campaign(self.name, campaign))

    def campaigns(self) -> list[CampaignSummary]:
        """Return all campaigns, with the metrics that were reported."""
        return cast("list[CampaignSummary]", self._control.campaigns(self.name))

    def campaign_report(self, campaign: int) -> dict[str, Any]:
        """Return everything that was reported for one campaign."""
        return self._control.campaign_report(self.name, campaign)

    def add_trigger(self, trigger: NewTrigger) -> Trigger:
        """Define a trigger on a channel for triggered campaigns."""
        return cast("Trigger", self._control.add_trigger(self.name, trigger))

    def record_customer_events(self, events: list[CustomerEvent]) -> RecordedEvents:
        """Record up to 10,000 events of customers, each now or at a later instant."""
        return cast("RecordedEvents", self._control.record_customer_events(self.name, events))

    # -- settings and keys -----------------------------------------------------------------------------

    def replace_settings(self, service: str, settings: Mapping[str, object]) -> None:
        """Replace the settings of a provider's account, such as its webhooks."""
        self._control.replace_settings(self.name, service, settings)

    def keys(self, service: str) -> list[Key]:
        """Return the keys of a service."""
        return cast("list[Key]", self._control.keys(self.name, service))

    def change_key(self, service: str, key: str, change: KeyChange) -> Key:
        """Rotate, disable or enable a key, or change its access type."""
        return cast("Key", self._control.change_key(self.name, service, key, change))

    # -- faults and webhooks ---------------------------------------------------------------------------

    def add_faults(self, *faults: NewFault | Mapping[str, object]) -> list[Fault]:
        """Inject faults into calls or webhooks; a fault has more members, by its kind (`sendproof faults`)."""
        return cast("list[Fault]", self._control.add_faults(self.name, faults))

    def faults(self) -> list[Fault]:
        """Return the active faults, with the number of their injections."""
        return cast("list[Fault]", self._control.faults(self.name))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._control.clear_faults(self.name)

    def webhooks(self, service: str | None = None, event: str | None = None) -> list[Webhook]:
        """Return the webhooks so far with all attempts, the oldest first of each service."""
        return cast("list[Webhook]", self._control.webhooks(self.name, service, event))

    def resend_webhook(self, service: str, key: str) -> None:
        """Send a webhook again."""
        self._control.resend_webhook(self.name, service, key)

    # -- what happened ---------------------------------------------------------------------------------

    def requests(
        self, *, service: str | None = None, operation: str | None = None, problems: bool | None = None
    ) -> list[RequestEntry]:
        """Return the requests to the services, the oldest first; `problems`: only those with a problem."""
        wanted = None if problems is None else str(problems).lower()
        filters = {"service": service, "operation": operation, "problems": wanted}
        newest = _items(lambda before: self._control.request_log(self.name, **filters, before=before, limit=_PAGE))
        return cast("list[RequestEntry]", [*newest][::-1])

    def request(self, number: int) -> Request:
        """Return one request by its number in the journal, with headers and bodies."""
        return cast("Request", self._control.request(self.name, number))

    def messages(
        self,
        *,
        provider: str | None = None,
        campaign: int | None = None,
        customer: str | None = None,
        number: str | None = None,
        state: MessageState | None = None,
    ) -> list[Message]:
        """Return the messages that the providers accepted, the oldest first."""
        filters = {"provider": provider, "campaign": campaign, "customer": customer, "number": number, "state": state}
        newest = _items(lambda before: self._control.messages(self.name, **filters, before=before, limit=_PAGE))
        return cast("list[Message]", [*newest][::-1])

    def message(self, provider: str, message: str) -> MessageDetails:
        """Return one message by its id at the provider, with its states and receipts."""
        return cast("MessageDetails", self._control.message(self.name, provider, message))

    def customers(self, search: str | None = None) -> Iterator[CustomerSummary]:
        """Yield the customers in the order of the audience; `search`: an id, a number, or a part of a name."""
        pages = _items(lambda start: self._control.customers(self.name, search=search, offset=start or 0, limit=_PAGE))
        return cast("Iterator[CustomerSummary]", pages)

    def customer(self, customer: str) -> Customer:
        """Return one customer: attributes, consent, obligations, messages, and the story."""
        return cast("Customer", self._control.customer(self.name, customer))

    def state(self) -> State:
        """Return listeners, templates of the channels, and the number of journal entries by kind."""
        return cast("State", self._control.state(self.name))

    def journal(self) -> list[dict[str, Any]]:
        """Return the journal: everything that happened, in order."""
        lines = b""
        while piece := self._control.journal(self.name, len(lines)):
            lines += piece
        return [json.loads(line) for line in lines.splitlines()]

    def save_history(self, file: Path | str) -> None:
        """Write the history to a file, for `sendproof judge`."""
        self._control.save_history(self.name, Path(file), at_once=True)

    def verdict(self) -> ComputedVerdict:
        """Judge the sandbox as it is now; whatever is not due yet is `unknown`."""
        return cast("ComputedVerdict", self._control.compute_verdict(self.name))

    # -- snapshots -------------------------------------------------------------------------------------

    def create_snapshot(self, name: str) -> Snapshot:
        """Keep the present state under a name."""
        return cast("Snapshot", self._control.create_snapshot(self.name, name))

    def restore_snapshot(self, name: str) -> None:
        """Set the sandbox back to a snapshot."""
        self._control.restore_snapshot(self.name, name)

    def reset(self) -> None:
        """Set the sandbox back to its beginning, with the same seed and credentials."""
        self._control.reset_sandbox(self.name)

    def delete(self) -> None:
        """Delete the sandbox."""
        self._control.delete_sandbox(self.name)


def _items(read: Callable[[int | None], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages; `read` takes `next` of the page before."""
    page = read(None)
    yield from page["items"]
    while page["next"] is not None:
        page = read(page["next"])
        yield from page["items"]
