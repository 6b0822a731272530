"""Where a scenario plays: a sandbox, a bridge that may end or hang, and the steps one after another.

    wait_for   real time passes; once the bridge is at rest and has not got there, a little virtual time too
    plan       one call
    advance    a call that blocks until virtual time is there, made beside the thread that watches; where time runs by
               itself, waiting

Whatever the bridge does wrong so early that no message tells of it becomes `Trouble`: it says what was expected, what
came instead, and whose it is to mend.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from time import monotonic
from typing import Any

from sendproof_scenarios.control import Control, ControlError, NotQuietError
from sendproof_scenarios.findings import Blame
from sendproof_scenarios.model import Advance, Campaign, Plan, Scenario, WaitFor, moved
from sendproof_scenarios.processes import Child, ProcessError, pause
from sendproof_scenarios.progress import Watcher
from sendproof_scenarios.values import iso, words

# A bridge that has registered its listener joins the clock within moments, if it means to.
JOIN_S = 3.0
# What a wait_for may take of virtual time, so that a bridge that must keep a rate limit can.
WAIT_STEP = timedelta(minutes=1)
WAIT_LIMIT = timedelta(hours=1)

_LOOK_EVERY_S = 0.05
_SHOW_EVERY_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a run ended before its last step."""

    blame: Blame
    cause: str
    expected: str
    got: str


class TroubleError(Exception):
    """The run cannot go on; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"expected {trouble.expected}, got {trouble.got}")
        self.trouble = trouble


@dataclass(kw_only=True)
class Stage:
    """One run of one scenario. `bridge` is None when somebody else runs it.

    `patience_s` real seconds are given to a bridge that does not get ready, and to one that does not come to rest; in
    the second case every sign of life starts them anew. With a `rate` time runs by itself, so many
    seconds of the sandbox in a real one, and cannot be moved; at rate 1 the scenario begins when the bridge is ready.
    """

    scenario: Scenario
    control: Control
    sandbox: str
    bridge: Child | None
    shares_clock: bool
    patience_s: float
    watcher: Watcher
    rate: float | None = None
    _told: bool = field(default=False, init=False)
    _begun: bool = field(default=False, init=False)
    _strangers: int = field(default=0, init=False)

    def play(self) -> None:
        """Carry out every step. Raises `TroubleError`, or `ControlError` when the simulators fail."""
        # Simulators that others use, too, may have met strangers before this bridge was started.
        self._strangers = len(self.control.unattributed())
        for step in self.scenario.steps:
            match step:
                case WaitFor():
                    self._wait_for(step)
                    self._begin()
                case Plan():
                    self._plan(step)
                case Advance():
                    self._advance(step)

    # -- wait_for ---------------------------------------------------------------------------------

    def _wait_for(self, wanted: WaitFor) -> None:
        self.watcher.phase(f"waiting for the bridge: {_said(wanted.listeners, wanted.templates)}")
        limit, waited = monotonic() + self.patience_s, timedelta()
        while True:
            self._bridge_runs()
            # The clock first: once the bridge is at rest, the state that is read afterwards is the last it will reach.
            at_rest = self._at_rest()
            if _reached(wanted, self.control.state(self.sandbox)):
                break
            if at_rest and waited < WAIT_LIMIT:
                self._move(WAIT_STEP)
                waited += WAIT_STEP
            elif at_rest or monotonic() > limit:
                raise TroubleError(self._not_ready(wanted, waited))
            else:
                pause(_LOOK_EVERY_S)
        self._join()

    def _at_rest(self) -> bool:
        if self.rate is not None:
            return False
        clock = self.control.clock(self.sandbox)
        taking_part = clock["participants"]
        return bool(taking_part) and not clock["in_flight"] and all(one["parked"] for one in taking_part)

    def _join(self) -> None:
        """Wait until the bridge takes part in the clock, and is at rest. Time that runs by itself needs nobody."""
        if self.rate is not None:
            return
        limit = monotonic() + (self.patience_s if self.shares_clock else JOIN_S)
        while not self.control.clock(self.sandbox)["participants"]:
            self._bridge_runs()
            if monotonic() > limit:
                self._without_clock()
                return
            pause(_LOOK_EVERY_S)
        self._move(timedelta())

    def _without_clock(self) -> None:
        if self.shares_clock:
            raise TroubleError(
                Trouble(
                    blame="bridge",
                    cause="the bridge did not join the virtual clock",
                    expected=f"a bridge that parks at its clock_url within {self.patience_s:.0f} s",
                    got="no park",
                )
            )
        if not self._told:
            self.watcher.note(
                "The bridge does not take part in the virtual clock (clock_url of the handover file),"
                " so its times cannot be judged."
            )
            self._told = True

    def _begin(self) -> None:
        """At rate 1, move all times of the scenario so that it begins with the next second.

        A whole one: services tell send times in seconds, and a fraction would be lost on the way.
        """
        if self.rate == 1 and not self._begun:
            begins = self._now().replace(microsecond=0) + timedelta(seconds=1)
            self.scenario = moved(self.scenario, begins - self.scenario.starts)
        self._begun = True

    def _not_ready(self, wanted: WaitFor, waited: timedelta) -> Trouble:
        state = self.control.state(self.sandbox)
        got = _said(len(state["listeners"]), _templates(state))
        refused = self.control.unattributed()[self._strangers :]
        if refused:
            last = refused[-1]
            got += (
                f"; no credential of this sandbox was shown by {len(refused)} of the requests, of which the last is"
                f" {last['method']} {last['path']} to {last['service']}"
            )
        if self.bridge is not None:
            got += f"; {self.bridge.last_words()}"
        within = f"{words(waited)} of virtual time" if waited else f"{self.patience_s:.0f} s"
        return Trouble(
            blame="config" if refused or self.bridge is None else "bridge",
            cause="the bridge did not become ready",
            expected=f"{_said(wanted.listeners, wanted.templates)} within {within}",
            got=got,
        )

    # -- plan -------------------------------------------------------------------------------------

    def _plan(self, step: Plan) -> None:
        campaign = next(one for one in self.scenario.campaigns if one.campaign == step.campaign)
        self.watcher.phase(f"planning campaign {campaign.campaign} for {_counted(campaign.customers, 'customer')}")
        try:
            self.control.plan(self.sandbox, _planned(campaign))
        except ControlError as error:
            if error.status == HTTPStatus.CONFLICT and self._lacks_templates(campaign):
                raise TroubleError(
                    Trouble(
                        blame="bridge",
                        cause="a campaign could not be planned, as its templates are not synchronised",
                        expected=f"Optimove to take campaign {campaign.campaign}",
                        got=str(error),
                    )
                ) from error
            raise

    def _lacks_templates(self, campaign: Campaign) -> bool:
        """Whether Optimove knows fewer templates for the campaign's channel than the provider has."""
        provider = next(one.provider for one in self.scenario.channels if one.id == campaign.channel)
        there = sum(template.provider == provider for template in self.scenario.templates)
        known = self.control.state(self.sandbox)["channel_templates"].get(str(campaign.channel), ())
        return len(known) < there

    # -- advance ----------------------------------------------------------------------------------

    def _advance(self, step: Advance) -> None:
        self.watcher.phase(f"letting {words(step.by)} pass")
        self._move(step.by)

    def _move(self, by: timedelta) -> None:
        """Advance, asking again as long as something still happens. By nothing: until all that is due now is done."""
        target_time = self._now() + by
        if self.rate is not None:
            self._sit_out(target_time)
            return
        target = {"to": iso(target_time)}
        with Control(self.control.url) as own:
            before: object = None
            while True:
                try:
                    self._beside(lambda: own.advance(self.sandbox, target, self.patience_s))
                except NotQuietError as error:
                    reached = self._signs_of_life()
                    if reached == before:
                        raise TroubleError(self._stuck(error)) from error
                    before = reached
                else:
                    return

    def _sit_out(self, target: datetime) -> None:
        while self._now() < target:
            self._bridge_runs()
            self.show()
            pause(_SHOW_EVERY_S)
        self.show()

    def _now(self) -> datetime:
        return datetime.fromisoformat(self.control.clock(self.sandbox)["now"])

    def _signs_of_life(self) -> object:
        counts = self.control.state(self.sandbox)["counts"]
        # Asking for time to move is itself an event, of the kind `clock`.
        return self.control.clock(self.sandbox)["now"], {kind: n for kind, n in counts.items() if kind != "clock"}

    def _beside(self, call: Callable[[], object]) -> None:
        """Make a call that blocks in a thread of its own; show how things go, and see whether the bridge lives."""
        done = threading.Event()
        raised: list[Exception] = []

        def work() -> None:
            try:
                call()
            except Exception as error:  # noqa: BLE001  # it is raised again in the thread that waits
                raised.append(error)
            finally:
                done.set()

        threading.Thread(target=work, daemon=True).start()
        while not done.wait(_SHOW_EVERY_S):
            self._bridge_runs()
            self.show()
        if raised:
            raise raised[0]
        self.show()

    def _stuck(self, error: NotQuietError) -> Trouble:
        self._bridge_runs()
        return Trouble(
            blame="bridge",
            cause="the bridge did not come to rest",
            expected=f"everybody at rest within {self.patience_s:.0f} s",
            got=str(error) + ("" if self.bridge is None else f"; {self.bridge.last_words()}"),
        )

    # -- both -------------------------------------------------------------------------------------

    def show(self) -> None:
        """Tell the watcher where things are."""
        now = str(self.control.clock(self.sandbox)["now"])
        # A scenario in real time begins with the next second.
        passed = max(timedelta(), datetime.fromisoformat(now) - self.scenario.starts)
        self.watcher.show(passed, now, self.control.state(self.sandbox)["counts"])

    def _bridge_runs(self) -> None:
        if self.bridge is None:
            return
        try:
            self.bridge.must_run()
        except ProcessError as error:
            trouble = Trouble(
                blame="bridge", cause="the bridge ended", expected="a bridge that keeps running", got=str(error)
            )
            raise TroubleError(trouble) from error


def _reached(wanted: WaitFor, state: Mapping[str, Any]) -> bool:
    return len(state["listeners"]) >= wanted.listeners and _templates(state) >= wanted.templates


def _templates(state: Mapping[str, Any]) -> int:
    return sum(len(templates) for templates in state["channel_templates"].values())


def _said(listeners: int, templates: int) -> str:
    return f"{_counted(listeners, 'listener')}, {_counted(templates, 'template')}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def _planned(campaign: Campaign) -> dict[str, object]:
    return {
        "campaign": campaign.campaign,
        "channel": campaign.channel,
        "name": campaign.name,
        "customers": campaign.customers,
        "first_customer": campaign.first_customer,
        "announce_at": iso(campaign.announced),
        "splits": [
            {"share": float(split.share), "template": split.template, "send_at": iso(split.send_at)}
            for split in campaign.splits
        ],
    }
