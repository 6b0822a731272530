"""The expectations of a scenario without a run: what its customers are due, whatever a bridge does.

Optimove's simulator carries out the steps, without HTTP and without a bridge. Customers with a test number that
replies STOP do so a minute after each message that they are due.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from composed_exclusions import exclusion_of
from history_builder import HistoryBuilder
from imported_scenario import ImportedScenario
from optimove_alone import Optimove, campaign_access
from sendproof_harness.handover.format import Listen
from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import iso
from sendproof_harness.run.sandboxes import SandboxOptions, sandbox_settings
from sendproof_harness.scenario.customer_selection import select_customers
from sendproof_harness.scenario.model import (
    CUSTOMER_IDS,
    AddAttribute,
    AddTemplate,
    Advance,
    Campaign,
    CancelCampaign,
    ChangeAttributes,
    ChangeTemplate,
    CustomerEvents,
    DefineTrigger,
    OptIn,
    OptOut,
    Part,
    PlanCampaign,
    RegisterAttribute,
    RenameTemplate,
    Scenario,
    Trigger,
)
from sendproof_harness.scenario.subjects import required_subjects
from sendproof_simulators.control.sandboxes import read_audience
from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.records import Attribute, CustomerRecords
from sendproof_simulators.core.clock.wall_clock import MINUTE
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Condition, CustomerEvent, Split, TriggerPlan
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Channel, SandboxContext
from sendproof_simulators.services.discovery import service_contract
from sendproof_simulators.services.optimove import SIMULATOR, events
from sendproof_simulators.services.optimove.customers.subscriptions import import_batch_file

_PLACEHOLDER = re.compile(r"{{(.*?)}}")
_MODES = {OptOut: ("0", "2"), OptIn: ("1", "1")}


def compose(scenario: Scenario) -> History:
    """Return a history with the expectations of a scenario, and with what customers and clients do in it."""
    world = _World(scenario)
    for index, step in enumerate(scenario.steps):
        world.carry_out(step, index)
    lines = [world.header(), *world.expectations(), *world.journal, *world.opt_outs(), world.scenario_line()]
    frame = {"n": 0, "at": iso(world.start), "real": 0.0}
    return HistoryBuilder(tuple(frame | line for line in lines)).history()


class _World:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.start = _instant(scenario.starts)
        self.bodies = {(template.provider, template.title): template.body for template in scenario.templates}
        self.optimove = Optimove(context=_context(scenario), now=self.start)
        self.imported = ImportedScenario(scenario, self.optimove.context)
        self.optimove.begin()
        for channel in scenario.channels:
            self.optimove.listen(events.TRIGGER_MET, channel.id) if channel.kind == "triggered" else None
        self.journal: list[dict[str, Any]] = []

    def carry_out(self, step: object, index: int) -> None:
        match step:
            case PlanCampaign():
                campaigns = {campaign.campaign: campaign for campaign in self.scenario.campaigns}
                self.optimove.schedule(self._campaign_plan(campaigns[step.campaign]))
            case CancelCampaign():
                self.optimove.cancel(step.campaign)
            case DefineTrigger():
                triggers = {trigger.trigger: trigger for trigger in self.scenario.triggers}
                self.optimove.add_trigger(self._trigger_plan(triggers[step.trigger]))
            case CustomerEvents():
                self._record(step, list(select_customers(self.scenario, step.selection, f"events {index}")))
            case Advance():
                self.optimove.advance(self.optimove.now + step.by // timedelta(milliseconds=1))
            case _:
                self._change(step, index)

    def _change(self, step: object, index: int) -> None:
        """Carry out a step of the provider's or the client's users."""
        match step:
            case AddTemplate():
                self.bodies[step.template.provider, step.template.title] = step.template.body
            case ChangeTemplate():
                self.bodies[step.provider, step.title] = step.body
            case RenameTemplate():
                self.bodies[step.provider, step.to] = self.bodies[step.provider, step.title]
            case OptOut() | OptIn():
                name = "opt_out" if isinstance(step, OptOut) else "opt_in"
                self._set_consent(step, select_customers(self.scenario, step.selection, f"{name} {index}"))
            case AddAttribute():
                attribute = Attribute(step.name, step.type, step.default, self.optimove.now, registered=step.registered)
                self.optimove.context.customers.add_attribute(attribute)
            case RegisterAttribute():
                self.optimove.context.customers.register_attribute(step.name, registered=True)
            case ChangeAttributes():
                customers = select_customers(self.scenario, step.selection, f"change_attributes {index}")
                values = [value or "" for value in step.values.values()]
                self._upload([["CustomerID", *step.values], *([customer, *values] for customer in customers)])

    def header(self) -> dict[str, Any]:
        channels = [channel.view() for channel in self.optimove.context.channels]
        clock = {"mode": "virtual", "start": iso(self.start), "rate": None, "participants": ["bridge"]}
        return {
            "kind": "history", "version": 1, "sandbox": "s1", "seed": self.scenario.seed, "clock": clock,
            "services": {}, "channels": channels, "ended": iso(self.optimove.now),
            "attributes": self.optimove.context.audience.special_attributes,
        }  # fmt: skip

    def expectations(self) -> Iterator[dict[str, Any]]:
        titles: dict[tuple[object, object], str] = {}
        excluded = exclusion_of(self.scenario, self.optimove.context, self.optimove.now)
        for at, entry in campaign_access().expectations(self.optimove.context, self.optimove.state):
            fields = dict(entry.fields)
            if entry.kind == "campaign":
                titles |= {(fields["campaign"], split["template"]): split["title"] for split in fields["splits"]}
            title = titles.get((fields["campaign"], fields.get("template")))
            if fields.get("owed") and title is not None and (reason := excluded(fields, title)) is not None:
                fields |= {"owed": False, "reason": reason, "text": None}
            yield {"kind": entry.kind, **fields, "at": iso(at)}

    def opt_outs(self) -> Iterator[dict[str, Any]]:
        """Yield the replies of customers whose test number replies STOP."""
        for line in self.expectations():
            if line["kind"] == "obligation" and line["owed"] and "replies" in line.get("outcome", ""):
                at = datetime.fromisoformat(line["due"]) + timedelta(minutes=1)
                channel = next(c for c in self.scenario.channels if c.id == line["channel"])
                opt_out = {"service": channel.provider, "number": line["number"], "message_type": channel.message}
                yield {"kind": "opt_out", **opt_out, "at": iso(_instant(at))}

    def scenario_line(self) -> dict[str, Any]:
        subjects = [{"kind": subject.kind, "value": subject.value} for subject in required_subjects(self.scenario)]
        return {"kind": "scenario", "name": self.scenario.name, "file": "composed", "subjects": subjects}

    def _set_consent(self, step: OptOut | OptIn, customers: Iterator[str]) -> None:
        consent, mode = _MODES[type(step)]
        if step.by == "attribute":
            attribute = self.scenario.audience.name_of("SMS_OPT_IN")
            self._upload([["CustomerID", attribute], *([customer, consent] for customer in customers)])
        else:
            header = ["CustomerID", "ChannelID", "CommunicationMode"]
            self._upload([header, *([customer, str(step.channel), mode] for customer in customers)])

    def _upload(self, rows: list[list[str]]) -> None:
        text = "\n".join(",".join(row) for row in rows)
        _, effects = import_batch_file(self.optimove.context, self.optimove.state, self.optimove.now, text)
        at = iso(self.optimove.now)
        self.journal += [{"kind": entry.kind, **entry.fields, "at": at} for entry in effects.entries]

    def _record(self, step: CustomerEvents, customers: list[str]) -> None:
        interval = step.spread / len(customers) if customers else step.spread
        delays = [
            (customer, step.every * repetition + interval * position)
            for repetition in range(step.times)
            for position, customer in enumerate(customers)
        ]
        for customer, delay in delays:
            at = self.optimove.now + delay // timedelta(milliseconds=1)
            event = CustomerEvent(customer=customer, event=step.event, parameters=step.parameters, at=at)
            assert SIMULATOR.triggers is not None
            self.optimove.apply(
                SIMULATOR.triggers.record(self.optimove.context, self.optimove.state, self.optimove.now, [event])
            )

    def _campaign_plan(self, campaign: Campaign) -> CampaignPlan:
        announced = campaign.announced
        return CampaignPlan(
            campaign=campaign.campaign,
            name=campaign.name,
            customers=campaign.customers,
            first_customer=campaign.first_customer,
            parts=tuple(self._channel_plan(part) for part in campaign.parts),
            announce_at=self.optimove.now if announced is None else _instant(announced),
            day=None if campaign.day is None else _instant(datetime.combine(campaign.day, datetime.min.time(), UTC)),
            clearance_by=None,
            cancel_at=None if campaign.cancel_at is None else _instant(campaign.cancel_at),
            control_group=float(campaign.control_group),
        )

    def _channel_plan(self, part: Part) -> ChannelPlan:
        provider = self._provider(part.channel)
        splits = tuple(
            Split(
                share=float(split.share),
                template=number,
                title=split.template,
                body=self.bodies[provider, split.template],
                send_at=_instant(split.send_at),
                group=split.group,
            )
            for number, split in enumerate(part.splits, start=1)
        )
        channel = next(channel for channel in self.scenario.channels if channel.id == part.channel)
        expected = self.imported.expected_message if channel.recipients == CUSTOMER_IDS else None
        return ChannelPlan(
            channel=part.channel,
            provider=provider,
            splits=splits,
            render=_render,
            message=channel.message,
            expected=expected,
        )

    def _trigger_plan(self, trigger: Trigger) -> TriggerPlan:
        provider = self._provider(trigger.channel)
        conditions = tuple(
            Condition(
                event=criterion.event,
                count=criterion.count,
                within_ms=None if criterion.within is None else criterion.within // timedelta(milliseconds=1),
                where=criterion.where,
            )
            for criterion in trigger.criteria
        )
        return TriggerPlan(
            name=trigger.trigger,
            campaign=trigger.campaign,
            channel=trigger.channel,
            provider=provider,
            template=1,
            template_name=trigger.template,
            title=trigger.template,
            body=self.bodies[provider, trigger.template],
            render=_render,
            conditions=conditions,
            exclude=frozenset(trigger.exclude),
            repeat=trigger.repeat,
            message=next(c.message for c in self.scenario.channels if c.id == trigger.channel),
        )

    def _provider(self, channel: int) -> str:
        return next(candidate.provider for candidate in self.scenario.channels if candidate.id == channel)


def _context(scenario: Scenario) -> SandboxContext:
    options = SandboxOptions(control=None, name=None, listen=Listen(host="127.0.0.1", port=1), rate=None)
    settings: Mapping[str, Any] = sandbox_settings(options, scenario, None, {})
    random = KeyedRandom(scenario.seed)
    channels = tuple(Channel(id=c.id, provider=c.provider, kind=c.kind, message=c.message) for c in scenario.channels)
    dialects = {name: option for name, option in scenario.dialects.items() if name.startswith("optimove.")}
    hour = scenario.nightly and datetime.strptime(scenario.nightly, "%H:%M").replace(tzinfo=UTC)
    chosen = choose({SIMULATOR.name: SIMULATOR.dialects}, dialects)[SIMULATOR.name]
    return SandboxContext(
        random=random,
        customers=CustomerRecords(Audience(random, read_audience(settings["audience"]))),
        channels=channels,
        dialects=chosen,
        limits=SIMULATOR.read_limits(Limits(service_contract(SIMULATOR), chosen)),
        nightly_at=(hour.hour * 60 + hour.minute) * MINUTE if hour else None,
    )


def _render(body: str, values: Mapping[str, str | None]) -> str:
    return _PLACEHOLDER.sub(lambda match: values.get(match[1]) or "", body)


def _instant(time: datetime) -> int:
    return round(time.timestamp() * 1000)
