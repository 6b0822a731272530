"""The step of a conformance run that posts valid and invalid events to every listener."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from urllib.parse import urlsplit

from sendproof_harness.conformance import invalid_events, valid_events
from sendproof_harness.conformance.http import ListenerResponse, send
from sendproof_harness.conformance.listener_spec import TRIGGER, body_schemas
from sendproof_harness.conformance.requests import EventContext, ListenerRequest, Target
from sendproof_harness.handover.format import PLATFORM, clients_of
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.log_secrets import shown_secrets
from sendproof_harness.run.pacing.start_limit import MOST_LIMITS, ProcessorWait
from sendproof_harness.run.processes import listens, wait_until
from sendproof_harness.run.sandboxes import LOOPBACK
from sendproof_harness.run.steps.webhooks import resend
from sendproof_harness.scenario.model import ProbeListeners, ResendWebhooks, Trigger
from sendproof_harness.scenario.values import pluralized

# After this many timeouts no more requests are sent to a listener, because each one takes the whole timeout.
_MAX_TIMEOUTS = 3
# Time in which a supervisor can restart a bridge that has died.
_RESTART_S = 3.0
# Additional time for each generated event.
_EXAMPLE_S = 2.0
_MAX_BODY_LENGTH = 1_000
_CAMPAIGN_EXECUTED = "13"

#: A function that returns the requests of one kind for a listener.
RequestGroup = Callable[[Target, EventContext], Iterable[ListenerRequest]]

# Groups that are sent once to each URL, and groups that are sent for each event type of a URL.
_URL_GROUPS: Sequence[RequestGroup] = (
    invalid_events.wrong_bodies,
    invalid_events.wrong_requests,
    invalid_events.unknown_types,
)
_EVENT_GROUPS: Sequence[RequestGroup] = (
    valid_events.optional_events,
    invalid_events.wrong_members,
    invalid_events.wrong_tokens,
    invalid_events.invalid_triggers,
)


def probe_listeners(run: RunContext, step: ProbeListeners) -> None:
    """Send all requests to every listener, and wait until the bridge is idle again.

    One second of virtual time passes first, so that the judge can separate the bridge's earlier requests from those
    that an invalid event may have caused.
    """
    sandbox = run.sandboxes[0]
    run.time.advance(timedelta(seconds=1))
    targets = _targets(run, sandbox)
    require_nearby(targets, run.bridge.listen["host"])
    run.progress.phase(f"posting valid and invalid events to {pluralized(len(targets), 'listener')}")
    context = _event_context(run, sandbox)
    urls: set[str] = set()
    now, started, wait = run.control.clock(sandbox)["now"], monotonic(), ProcessorWait()
    for target in targets:
        probe = _ListenerProbe(run_context=run, step=step, target=target, at=now, started=started, processor_wait=wait)
        probe.send_all(context, is_new_url=target.url not in urls)
        urls.add(target.url)
    _wake_bridge(run, sandbox)


@dataclass(kw_only=True)
class _ListenerProbe:
    """All requests to one listener. Each is added to the history as a probe.

    `started` is when the requests to the first listener began, by `monotonic`: one limit holds for all, without
    the time in `processor_wait`.
    """

    run_context: RunContext
    step: ProbeListeners
    target: Target
    at: str
    started: float
    processor_wait: ProcessorWait
    requests: int = 0
    timeouts: int = 0
    last_request: str = "none"
    aborted: RunAbortedError | None = None

    def send_all(self, context: EventContext, *, is_new_url: bool) -> None:
        """Send all groups of requests, and after each a valid event that the listener must still accept."""
        self._send_group(valid_events.required_events(self.target, context))
        for group in (*(_URL_GROUPS if is_new_url else ()), *_EVENT_GROUPS):
            self._send_group(group(self.target, context))
            self._send_group([valid_events.known_event(self.target, context, "a valid event after invalid ones")])
        self._send_generated(context)
        self._send_group([valid_events.known_event(self.target, context, "a valid event after generated ones")])

    def _send_group(self, requests: Iterable[ListenerRequest]) -> None:
        for request in requests:
            response = self._send(request)
            if response is not None:
                self._record(request, response)
            if self.aborted is not None:
                raise self.aborted

    def _send_generated(self, context: EventContext) -> None:
        from sendproof_harness.conformance.generated_events import send_generated_events  # noqa: PLC0415 - it needs an extra, and is heavy

        for request, response in send_generated_events(self.target, context, self.step.examples, self._send):
            self._record(request, response)
        if self.aborted is not None:
            raise self.aborted

    def _send(self, request: ListenerRequest) -> ListenerResponse | None:
        """Send one request; return None if no more requests can be sent to this listener."""
        if self.aborted is not None or self.timeouts >= _MAX_TIMEOUTS:
            return None
        duration, waited = monotonic() - self.started, self.processor_wait.look()
        limit = self.run_context.timeout_s + self.step.examples * _EXAMPLE_S
        self.aborted = too_slow_error(self.target, self.requests, duration=duration, waited=waited, limit=limit)
        if self.aborted is not None:
            return None
        response = send(request, self.step.within_s)
        self.requests += 1
        left_s = limit + waited - (monotonic() - self.started)
        self.run_context.progress.wait_for(
            f"{self.requests} events posted to {self.target.url}; {left_s:.0f} s at most"
        )
        self.timeouts += response.timed_out
        if response.refused:
            self.aborted = self._stopped_error()
            return None
        self.last_request = request.what if request.wrong is None else f"{request.what} ({request.wrong})"
        return response

    def _stopped_error(self) -> RunAbortedError | None:
        """Return the error for a bridge that no longer accepts connections, or None if it is being restarted."""
        url = urlsplit(self.target.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        if wait_until(lambda: listens(str(url.hostname), port), _RESTART_S):
            return None
        try:
            self.run_context.bridge.check_running()
        except RunAbortedError as error:
            return error
        return RunAbortedError(
            RunAborted(
                blame="bridge",
                reason="ended",
                cause="the bridge stopped listening",
                expected="a bridge that listens until the end of the run",
                got=f"no connection to {self.target.url} is possible; the last request was {self.last_request}",
            )
        )

    def _record(self, request: ListenerRequest, response: ListenerResponse) -> None:
        self.run_context.probes.append(
            {
                "kind": "probe",
                "at": self.at,
                "url": request.url,
                "event": self.target.event,
                "what": request.what,
                "expects": request.expects,
                "method": request.method,
                "sent": _content_text(request),
                "within_s": self.step.within_s,
                "status": response.status,
                "error": response.error,
                "timed_out": response.timed_out,
                "wrong": request.wrong,
                "number": request.number,
                "forbids": request.forbids,
                "shows": shown_secrets(response.body, clients_of(self.run_context.bridge.handover)),
            }
        )


def too_slow_error(
    target: Target, requests: int, *, duration: float, waited: float, limit: float
) -> RunAbortedError | None:
    """Return the error for a listener that is too slow for all requests, so that a CI job ends; None within the limit.

    All times are real seconds. Those for which the processes `waited` for a processor do not count, up to a bound: they
    are the fault of the machine.
    """
    got = f"{pluralized(requests, 'response')} in {duration:.0f} s"
    expected = f"responses to all requests at {target.url} within {limit:.0f} s, or a longer --timeout"
    if duration - waited > limit:
        cause = "the listener is too slow for all requests"
        return RunAbortedError(RunAborted(blame="bridge", reason="stuck", cause=cause, expected=expected, got=got))
    if duration <= MOST_LIMITS * limit:
        return None
    return RunAbortedError(
        RunAborted(
            blame="harness",
            reason="harness",
            cause="the machine was overloaded, and the listener got no processor",
            expected=expected,
            got=f"{got}; processes waited {waited:.0f} s for a processor",
            remedy="repeat the run on a machine with less load, or with a longer --timeout",
        )
    )


def require_nearby(targets: Iterable[Target], host: str) -> None:
    """Raise `RunAbortedError` for a listener that is not on this machine or the bridge's host.

    Invalid events must not be posted to a third party.
    """
    for target in targets:
        listener_host = urlsplit(target.url).hostname or ""
        if listener_host not in {*LOOPBACK, host}:
            raise RunAbortedError(
                RunAborted(
                    blame="config",
                    reason="rejected",
                    cause="a listener is registered on another host",
                    expected=f"a URL on this machine, or on {host} as in --bridge",
                    got=target.url,
                )
            )


def _content_text(request: ListenerRequest) -> str:
    """Return the content type and the beginning of the body, which may have megabytes."""
    text = request.body.decode("utf-8", "replace")
    rest = "" if len(text) <= _MAX_BODY_LENGTH else f"... ({len(request.body):,} bytes)"
    return f"{request.content_type} {text[:_MAX_BODY_LENGTH]}{rest}"


def _targets(run: RunContext, sandbox: str) -> list[Target]:
    """Return every listener. One for all channels gets the channel of its kind in this scenario."""
    channels = {channel.kind: channel.id for channel in run.scenario.channels}
    targets = []
    for listener in run.control.state(sandbox)["listeners"]:
        event = listener["event_type"]
        channel = listener["channel"] or channels.get("triggered" if event == TRIGGER else "scheduled")
        if event in body_schemas():
            targets.append(Target(url=listener["url"], event=event, channel=channel))
    return targets


def _event_context(run: RunContext, sandbox: str) -> EventContext:
    scenario, handover = run.scenario, clients_of(run.bridge.handover)[0]
    trigger, campaign = next(iter(scenario.triggers), None), scenario.campaigns[0]
    now = run.time.now()
    return EventContext(
        seed=scenario.seed,
        now=now,
        executed=(campaign.campaign, campaign.announced or now),
        triggered=0 if trigger is None else trigger.campaign,
        template=(0, "") if trigger is None else _trigger_template(run, sandbox, trigger),
        phone=handover["attributes"]["phone"],
        consent=handover["attributes"]["consent"],
        token=handover["webhook_token"],
    )


def _trigger_template(run: RunContext, sandbox: str, trigger: Trigger) -> tuple[int | str, str]:
    """Return the id and title of the trigger's template in Optimove.

    Optimove lists it with the id of the provider, or under a name that contains the title.
    """
    provider = next(channel.provider for channel in run.scenario.channels if channel.id == trigger.channel)
    templates = run.control.templates(sandbox, provider)
    provider_id = next(template["id"] for template in templates if template["title"] == trigger.template)
    listed = run.control.state(sandbox)["channel_templates"][str(trigger.channel)]
    listed_template = next(
        template for template in listed if template["id"] == provider_id or trigger.template in str(template["name"])
    )
    return listed_template["id"], trigger.template


def _wake_bridge(run: RunContext, sandbox: str) -> None:
    """Send a past event again, so that a waiting bridge looks for work, and wait until it is idle."""
    if run.control.webhooks(sandbox, PLATFORM, _CAMPAIGN_EXECUTED):
        resend(run, ResendWebhooks(service=PLATFORM, event=_CAMPAIGN_EXECUTED))
    run.time.advance(timedelta())
