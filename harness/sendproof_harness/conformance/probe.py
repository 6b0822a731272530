"""The step of a run in which every listener is posted what it must take, and what it need not."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from urllib.parse import urlsplit

from sendproof_harness.conformance import invalid_events, valid_events
from sendproof_harness.conformance.http import Answer, send
from sendproof_harness.conformance.listener_spec import TRIGGER, schemas
from sendproof_harness.conformance.requests import Place, Post, Target
from sendproof_harness.handover.format import PLATFORM, clients_of
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.processes import listens, wait_until
from sendproof_harness.run.sandboxes import LOOPBACK
from sendproof_harness.run.steps.webhooks import resend
from sendproof_harness.scenario.model import ProbeListeners, ResendWebhooks, Trigger
from sendproof_harness.scenario.values import pluralized

# After so many calls without an answer no more are made at that address: each costs all the time it may take.
_HANGS_MOST = 3
# For a bridge that somebody starts again when it has died.
_COME_BACK_S = 3.0
# As much longer as there is to be asked.
_EXAMPLE_S = 2.0
_SENT_SHOWN = 1_000
_EXECUTED = "13"

Group = Callable[[Target, Place], Iterable[Post]]

# What is posted once at each address, and what for every type of event that it was registered for.
_OF_ADDRESS: Sequence[Group] = (invalid_events.bodies, invalid_events.calls, invalid_events.types)
_OF_EVENT: Sequence[Group] = (
    valid_events.perhaps,
    invalid_events.members,
    invalid_events.unauthenticated_requests,
    invalid_events.nonsense,
)


def probe_listeners(world: RunContext, step: ProbeListeners) -> None:
    """Post everything to every listener, and let the bridge do what it does about it.

    A second passes before: what the bridge asked of services until then it asked without having been told nonsense.
    """
    sandbox = world.sandboxes[0]
    world.time.advance(timedelta(seconds=1))
    targets = _targets(world, sandbox)
    require_nearby(targets, world.bridge.listen["host"])
    world.progress.phase(f"posting what is allowed, and what is not, to {pluralized(len(targets), 'listener')}")
    place = _place(world, sandbox)
    addresses: set[str] = set()
    now = world.control.clock(sandbox)["now"]
    for target in targets:
        series = _Series(world=world, step=step, target=target, at=now)
        series.play(place, first=target.url not in addresses)
        addresses.add(target.url)
    _rouse(world, sandbox)


@dataclass(kw_only=True)
class _Series:
    """What one listener is posted. Each call is kept in the world, for the history."""

    world: RunContext
    step: ProbeListeners
    target: Target
    at: str
    began: float = field(default_factory=monotonic)
    calls: int = 0
    hangs: int = 0
    last: str = "none"
    dead: RunAbortedError | None = None

    def play(self, place: Place, *, first: bool) -> None:
        """All groups, and after each a plain event, which must still be taken."""
        self._post_all(valid_events.allowed(self.target, place))
        for group in (*(_OF_ADDRESS if first else ()), *_OF_EVENT):
            self._post_all(group(self.target, place))
            self._post_all([valid_events.plain(self.target, place, "a plain event, after some that were none")])
        self._made_up(place)
        self._post_all([valid_events.plain(self.target, place, "a plain event, after some that were made up")])

    def _post_all(self, posts: Iterable[Post]) -> None:
        for post in posts:
            answer = self._post(post)
            if answer is not None:
                self._keep(post, answer)
            if self.dead is not None:
                raise self.dead

    def _made_up(self, place: Place) -> None:
        from sendproof_harness.conformance.generated_events import generated  # noqa: PLC0415 - it needs an extra, and is heavy

        for post, answer in generated(self.target, place, self.step.examples, self._post):
            self._keep(post, answer)
        if self.dead is not None:
            raise self.dead

    def _post(self, post: Post) -> Answer | None:
        """Make one call; None where that has no purpose any more."""
        if self.dead is not None or self.hangs >= _HANGS_MOST:
            return None
        took, limit = monotonic() - self.began, self.world.timeout_s + self.step.examples * _EXAMPLE_S
        if took > limit:
            self.dead = too_slow_error(self.target, self.calls, took, limit)
            return None
        answer = send(post, self.step.within_s)
        self.calls += 1
        self.hangs += answer.hung
        if answer.refused:
            self.dead = self._ended()
            return None
        self.last = post.what if post.wrong is None else f"{post.what} ({post.wrong})"
        return answer

    def _ended(self) -> RunAbortedError | None:
        """Nothing takes connections any more: either it died, or it is being started again."""
        address = urlsplit(self.target.url)
        port = address.port or (443 if address.scheme == "https" else 80)
        if wait_until(lambda: listens(str(address.hostname), port), _COME_BACK_S):
            return None
        try:
            self.world.bridge.check_running()
        except RunAbortedError as error:
            return error
        return RunAbortedError(
            RunAborted(
                blame="bridge",
                cause="the bridge stopped listening",
                expected="a bridge that listens until the run is over",
                got=f"nothing takes connections at {self.target.url} any more; the last call was {self.last}",
            )
        )

    def _keep(self, post: Post, answer: Answer) -> None:
        self.world.probes.append(
            {
                "kind": "probe",
                "at": self.at,
                "url": post.url,
                "event": self.target.event,
                "what": post.what,
                "expects": post.asks,
                "method": post.method,
                "sent": _shown(post),
                "within_s": self.step.within_s,
                "status": answer.status,
                "error": answer.error,
                "timed_out": answer.hung,
                "wrong": post.wrong,
                "number": post.number,
                "forbids": post.forbids,
            }
        )


def too_slow_error(target: Target, calls: int, took: float, limit: float) -> RunAbortedError:
    """A gate in CI must end: who takes long for every call is asked no more. Times are real seconds."""
    return RunAbortedError(
        RunAborted(
            blame="bridge",
            cause="the listener is too slow to be asked everything",
            expected=f"all calls at {target.url} to be answered within {limit:.0f} s, or a longer --timeout",
            got=f"{pluralized(calls, 'call')} in {took:.0f} s",
        )
    )


def require_nearby(targets: Iterable[Target], host: str) -> None:
    """Nonsense is posted to this machine, or to where the bridge was said to be, and to nobody else."""
    for target in targets:
        where = urlsplit(target.url).hostname or ""
        if where not in {*LOOPBACK, host}:
            raise RunAbortedError(
                RunAborted(
                    blame="config",
                    cause="a listener is registered at an address of somebody else",
                    expected=f"an address on this machine, or on {host}, as --bridge says",
                    got=target.url,
                )
            )


def _shown(post: Post) -> str:
    """How the body begins, and what it is said to be; it may be megabytes."""
    text = post.body.decode("utf-8", "replace")
    size = "" if len(text) <= _SENT_SHOWN else f"... ({len(post.body):,} bytes)"
    return f"{post.content_type} {text[:_SENT_SHOWN]}{size}"


def _targets(world: RunContext, sandbox: str) -> list[Target]:
    """Every listener; one of all channels is told of the channel that its events are of in this scenario."""
    usual = {channel.kind: channel.id for channel in world.scenario.channels}
    found = []
    for listener in world.control.state(sandbox)["listeners"]:
        event = listener["event_type"]
        channel = listener["channel"] or usual.get("triggered" if event == TRIGGER else "scheduled")
        if event in schemas():
            found.append(Target(url=listener["url"], event=event, channel=channel))
    return found


def _place(world: RunContext, sandbox: str) -> Place:
    scenario, told = world.scenario, clients_of(world.bridge.handover)[0]
    trigger, first = next(iter(scenario.triggers), None), scenario.campaigns[0]
    now = world.time.now()
    return Place(
        seed=scenario.seed,
        now=now,
        executed=(first.campaign, first.announced or now),
        triggered=0 if trigger is None else trigger.campaign,
        template=(0, "") if trigger is None else _template(world, sandbox, trigger),
        phone=told["attributes"]["phone"],
        consent=told["attributes"]["consent"],
        token=told["webhook_token"],
    )


def _template(world: RunContext, sandbox: str, trigger: Trigger) -> tuple[int | str, str]:
    """As Optimove lists it: by the provider's id, or under a name that contains the title."""
    provider = next(one.provider for one in world.scenario.channels if one.id == trigger.channel)
    held = next(one["id"] for one in world.control.templates(sandbox, provider) if one["title"] == trigger.template)
    listed = world.control.state(sandbox)["channel_templates"][str(trigger.channel)]
    known = next(one for one in listed if one["id"] == held or trigger.template in str(one["name"]))
    return known["id"], trigger.template


def _rouse(world: RunContext, sandbox: str) -> None:
    """Let a bridge that waits look for work: Optimove tells it once more of what it knows, and it comes to rest."""
    if world.control.webhooks(sandbox, PLATFORM, _EXECUTED):
        resend(world, ResendWebhooks(service=PLATFORM, event=_EXECUTED))
    world.time.advance(timedelta())
