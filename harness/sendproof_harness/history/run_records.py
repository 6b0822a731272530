"""The lines that the harness adds to a history: what the simulators cannot know about the run."""

from typing import Annotated, Literal

import msgspec

from sendproof_harness.history.parts import ClientOptOut, LeakedSecret, Subject, TemplateId
from sendproof_harness.history.record import Record
from sendproof_harness.history.timestamps import DAY, SECOND, parse_instant

# Ten thousand days: no run is as long.
_LONGEST_RUN_S = 10_000 * DAY // SECOND


class UnauthenticatedRequest(Record, frozen=True, gc=False, tag="unauthenticated"):
    """One request with no credential of any sandbox; `at` is the end of the run.

    `credential` is missing or unknown. If the simulators serve other bridges too, it is `shared`: another bridge may
    have made the request. `meant`, `meant_service` and `differs` are those of a `Request`.
    """

    service: str
    operation: str | None
    method: str
    path: str
    credential: str
    status: int
    response_excerpt: str | None = None
    shared: bool = False
    meant: str | None = None
    meant_service: str | None = None
    differs: str | None = None


class Probe(Record, frozen=True, gc=False, tag="probe"):
    """One request that the harness sent to a listener, valid or invalid.

    `event` is the event type of the listener, `what` describes the request, `wrong` names the part that the contract
    does not allow, and `sent` is the beginning of the body. The probe `expects` to be `accepted` (2xx), `answered` (no
    server error), or `survived` (the connection may even be cut). `number` is a number that only this probe names:
    nothing may be sent to it, for the reason in `forbids`. `status` is None without a response, for the reason in
    `error`. `shows` names the credentials in the body of the response.
    """

    url: str
    event: int
    what: str
    expects: Literal["accepted", "answered", "survived"]
    method: str
    sent: str
    within_s: float
    status: int | None = None
    error: str | None = None
    timed_out: bool = False
    wrong: str | None = None
    number: str | None = None
    forbids: str = ""
    shows: tuple[str, ...] = ()


class Scenario(Record, frozen=True, gc=False, tag="scenario"):
    """The scenario of the run. `file` is its file name without folder and suffix.

    If `asks` is `contract`, only conformance is judged: the listeners and the requests of the bridge. `consent`,
    `reports`, `reports_a_day` and `opt_outs` are the client's wishes in the handover; None leaves the choice to the
    bridge, and for `consent` it means that only the provider keeps opt-outs. `preference_channels` has the channel of
    opt-outs, by number of the channel, where it is another one. `links` has the link that triggered messages need, by
    number of the channel, and `overridden_values` the values that they have in place of every customer's. `free_texts`
    are the channels whose triggered messages have the texts and recipients that the
    client's overrides compute. `sender` is the sender in the handover, `listen` the origin, such as
    http://127.0.0.1:9000, where the bridge must listen. `apps` has the names of each channel's apps by id, and
    `subjects` are what the run must contain.
    """

    name: str
    file: str
    asks: Literal["everything", "contract"] = "everything"
    consent: str | None = None
    reports: str | None = None
    opt_outs: str | None = None
    preference_channels: dict[int, int] = msgspec.field(default_factory=dict)
    links: dict[int, str] = msgspec.field(default_factory=dict)
    overridden_values: dict[int, dict[str, str]] = msgspec.field(default_factory=dict)
    free_texts: tuple[int, ...] = ()
    reports_a_day: int | None = None
    sender: str | None = None
    listen: str | None = None
    apps: dict[int, dict[str, str]] = msgspec.field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()


class RunIdentity(Record, frozen=True, gc=False, tag="run"):
    """The circumstances of the run.

    `began` is the real time in ISO 8601 with `Z`, and `duration_s` the real duration. `bridge` is the bridge as the
    user named it: a URL, a command, or the reference bridge. `scenario` is a digest of the content of the scenario,
    empty in older histories. `options` are those of the command that differ from the
    default. `load` is the number of processes that wanted a core, on average over the last minute of the run.
    """

    sendproof: str
    began: str
    duration_s: Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_RUN_S)]
    bridge: str
    options: dict[str, str]
    python: str
    platform: str
    cores: int
    scenario: str = ""
    load: float | None = None

    def __post_init__(self) -> None:
        """Check that reports can show the times; `ValueError` if they cannot."""
        parse_instant(self.began)


class OtherClient(Record, frozen=True, gc=False, tag="other_client"):
    """Another client of the same bridge, with the `templates` that its provider holds.

    `numbers` are those of its customers, `campaigns` its announced campaigns as campaign and channel, and `unread`
    those of them without a page that was read. `triggered` are the customers who met a trigger, and `opted_out` those
    who opted out at its provider. `misdirected` are the numbers of other people to which its accounts sent messages.
    `listeners` are event, channel and URL of its listeners, and `calls` the operations that were called for it.
    `opt_outs` are all opt-outs of its customers, in any way. `sent` are its campaigns and triggers with a message.
    """

    client: str
    templates: tuple[TemplateId, ...]
    numbers: tuple[str, ...] = ()
    campaigns: tuple[tuple[int, int], ...] = ()
    unread: tuple[tuple[int, int], ...] = ()
    triggered: tuple[str, ...] = ()
    opted_out: tuple[str, ...] = ()
    misdirected: tuple[str, ...] = ()
    listeners: tuple[tuple[int, int | None, str], ...] = ()
    calls: tuple[str, ...] = ()
    opt_outs: tuple[ClientOptOut, ...] = ()
    sent: tuple[tuple[int, int], ...] = ()


#: Why a run ended early: the bridge's process ended, it never became idle, it never became ready, Optimove rejected
#: what the scenario needs, the harness or its simulators were too slow, the rest could not be observed, or there was no
#: bridge at all: one that was said to run already made no request.
AbortReason = Literal["ended", "stuck", "unready", "rejected", "harness", "unobserved", "absent"]


class BridgeLog(Record, frozen=True, gc=False, tag="bridge_log"):
    """The log of a bridge that the run started, with the client's credentials in it.

    `cut` is true if the log was too long, so that only its first and its last part were looked at.
    """

    leaks: tuple[LeakedSecret, ...] = ()
    cut: bool = False


class RunningSandbox(Record, frozen=True, gc=False, tag="running"):
    """The history of a sandbox in use: the bridge may be at work, and whatever is missing may still come.

    `planned` are the scheduled campaigns that Optimove has not announced yet.
    """

    planned: tuple[int, ...] = ()


class RunAborted(Record, frozen=True, gc=False, tag="aborted"):
    """The run ended early.

    `remedy` says what to do, if the harness knows it. `unregistered` lists event type and channel of each listener that
    the scenario needs and the bridge lacked.
    """

    blame: Literal["bridge", "config", "harness", "network"]
    cause: str
    expected: str
    got: str
    reason: AbortReason = "ended"
    remedy: str = ""
    unregistered: tuple[tuple[int, int], ...] = ()
