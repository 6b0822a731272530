"""The commands `template`, `schedule`, `cancel`, `trigger`, `event`, `campaigns` and `campaign`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console

from sendproof_harness.cli import formatting
from sendproof_harness.cli.parsing import instant, length, parameters, splits

if TYPE_CHECKING:
    from sendproof_harness.cli.marketer_client import Sandbox

EXIT_ERROR = 3
# Where `sendproof up` puts its control port unless told otherwise.
CONTROL_URL = "http://127.0.0.1:4100"

ControlUrl = Annotated[str, typer.Option(help="Control address of running simulators (`sendproof up`).")]
Name = Annotated[str, typer.Option(help="The sandbox.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead, for a program.")]
CampaignId = Annotated[int, typer.Argument(help="The campaign's id.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the group `marketer` to `app`."""
    group = typer.Typer(help="Do what a marketer does in Optimove: schedule, cancel, trigger.", no_args_is_help=True)
    for command in (template, schedule, cancel, trigger, event, campaigns, campaign):
        group.command()(command)
    app.add_typer(group, name="marketer")


def template(
    title: Annotated[str, typer.Argument(help="Its name at the provider.", show_default=False)],
    body: Annotated[
        str, typer.Argument(help="Its text; {{FIRST_NAME}} stands for that attribute.", show_default=False)
    ],
    provider: Annotated[
        str | None, typer.Option(help="Who holds it; else the only one that carries the sandbox's channels.")
    ] = None,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: Name = "default",
    json: AsJson = False,
) -> None:
    """Let a message provider hold a template. Telling Optimove of it is the bridge's work.

    Example: sendproof marketer template "Spring welcome" "Hello {{FIRST_NAME}}, spring is here."
    """
    with _errors_told():
        world = _sandbox(control_url, sandbox)
        path = f"/providers/{world.provider(provider)}/templates"
        (added,) = world.post(path, [{"title": title, "body": body}])
        _show(added, formatting.template, json=json)


def schedule(
    campaign: CampaignId,
    template: Annotated[
        list[str], typer.Option(help="The title that the provider holds it under; once for each part of the customers.")
    ],
    customers: Annotated[int, typer.Option(help="How many customers the target group has.", min=0)],
    channel: Annotated[
        list[int] | None, typer.Option(help="Each channel that it goes out on; else the only one.")
    ] = None,
    send_at: Annotated[
        list[str] | None,
        typer.Option(
            help="When it is due: 2026-03-02T09:00:00Z, or +2h from now; one for all templates or each; else at once."
        ),
    ] = None,
    share: Annotated[
        list[float] | None, typer.Option(help="Each template's part of the customers; else equal parts.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the marketer calls it.")] = None,
    first_customer: Annotated[int, typer.Option(help="Where the target group begins in the audience.", min=0)] = 0,
    announce_at: Annotated[str | None, typer.Option(help="When it is processed; else now.")] = None,
    day: Annotated[
        str | None, typer.Option(help="The day whose nightly process takes it in, such as 2026-03-03.")
    ] = None,
    clearance_by: Annotated[
        str | None, typer.Option(help="Conditional execution: on hold until then, event 5 first.")
    ] = None,
    cancel_at: Annotated[str | None, typer.Option(help="When it is cancelled by itself.")] = None,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: Name = "default",
    json: AsJson = False,
) -> None:
    """Schedule a campaign: a target group, channels, templates, and when they are due.

    The bridge must have told Optimove of the templates (AddChannelTemplates).

    Example: sendproof marketer schedule 7001 --template "Spring welcome" --customers 1000 --send-at +2h
    """
    with _errors_told():
        world = _sandbox(control_url, sandbox)
        times = {"announce_at": announce_at, "cancel_at": cancel_at}
        given = {key: instant(text, _clock(world)) for key, text in times.items() if text is not None}
        more: dict[str, Any] = {"name": name, "day": day}
        if clearance_by is not None:
            more["conditional"] = {"clearance_by": instant(clearance_by, _clock(world))}
        due = [instant(text, _clock(world)) for text in send_at or ["+0s"]]
        parts = splits(template, share or [], due)
        channels = channel or [world.channel("scheduled", None)]
        planned = {
            "campaign": campaign,
            "customers": customers,
            "first_customer": first_customer,
            "channels": [{"channel": one, "splits": parts} for one in channels],
            **given,
            **{key: value for key, value in more.items() if value is not None},
        }
        world.post("/campaigns", planned)
        _show(world.get(f"/campaigns/{campaign}/report"), formatting.report, json=json)


def cancel(
    campaign: CampaignId, control_url: ControlUrl = CONTROL_URL, sandbox: Name = "default", json: AsJson = False
) -> None:
    """Cancel a campaign now; its listeners hear of that (event 4) if it was processed.

    Example: sendproof marketer cancel 7001
    """
    with _errors_told():
        world = _sandbox(control_url, sandbox)
        world.post(f"/campaigns/{campaign}/cancel")
        _show(world.get(f"/campaigns/{campaign}/report"), formatting.report, json=json)


def trigger(
    name: Annotated[str, typer.Argument(help="The trigger's name, which event 11 tells.", show_default=False)],
    campaign: Annotated[int, typer.Option(help="The id of its campaign.")],
    template: Annotated[str, typer.Option(help="The title that the provider holds it under.")],
    event: Annotated[str | None, typer.Option(help="What a customer has to do, such as page_visit.")] = None,
    count: Annotated[int, typer.Option(help="How many times.", min=1)] = 1,
    where: Annotated[
        list[str] | None, typer.Option(help="Only if a parameter of the event is so, such as page=/offers.")
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="The first of them at most so long before the last: 90s, 2h, 7d.")
    ] = None,
    criteria: Annotated[
        str | None, typer.Option(help="In place of these four, several conditions, as JSON of the control API.")
    ] = None,
    channel: Annotated[int | None, typer.Option(help="The triggered channel; else the only one.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="An attribute or parameter that is not sent on this channel.")
    ] = None,
    repeat: Annotated[bool, typer.Option("--repeat", help="It may fire again for the same customer.")] = False,
    action: Annotated[int, typer.Option(help="The action id that event 11 tells.", min=0)] = 2,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: Name = "default",
    json: AsJson = False,
) -> None:
    """Define a trigger: who meets its criteria is sent a template at once, by event 11.

    Example: sendproof marketer trigger "Third visit" --campaign 8001 --template Return --event page_visit --count 3
    """
    with _errors_told():
        world = _sandbox(control_url, sandbox)
        if (event is None) == (criteria is None):
            raise ValueError("expected either --event or --criteria: what does a customer have to do?")
        wanted = {
            "trigger": name,
            "campaign": campaign,
            "channel": world.channel("triggered", channel),
            "template": template,
            "criteria": _condition(event, count, where, within) if criteria is None else _read(criteria),
            "exclude": exclude or [],
            "repeat": repeat,
            "action": action,
        }
        _show(world.post("/triggers", wanted), formatting.trigger, json=json)


def event(
    name: Annotated[str, typer.Argument(help="What they do, such as page_visit.", show_default=False)],
    customers: Annotated[list[str], typer.Argument(help="Who does it, by id.", show_default=False)],
    parameter: Annotated[
        list[str] | None, typer.Option(help="A parameter of the event, such as page=/offers or amount=12.5.")
    ] = None,
    times: Annotated[int, typer.Option(help="How many times each does it.", min=1, max=1_000)] = 1,
    at: Annotated[str | None, typer.Option(help="When, such as 2026-03-02T09:00:00Z, or +2h; else now.")] = None,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: Name = "default",
    json: AsJson = False,
) -> None:
    """Report an event of customers: they do something now, or at an instant to come.

    Example: sendproof marketer event page_visit C0000042 --parameter page=/offers --times 3
    """
    with _errors_told():
        world = _sandbox(control_url, sandbox)
        when = {} if at is None else {"at": instant(at, _clock(world))}
        said = {"event": name, "parameters": parameters(parameter or []), **when}
        reported = [{"customer": customer, **said} for _ in range(times) for customer in customers]
        _show(world.post("/events", reported), formatting.triggered, json=json)


def campaigns(control_url: ControlUrl = CONTROL_URL, sandbox: Name = "default", json: AsJson = False) -> None:
    """List the campaigns, scheduled and triggered, with the metrics that came back.

    Example: sendproof marketer campaigns
    """
    with _errors_told():
        _show(_sandbox(control_url, sandbox).get("/campaigns"), formatting.campaigns, json=json)


def campaign(
    campaign: CampaignId, control_url: ControlUrl = CONTROL_URL, sandbox: Name = "default", json: AsJson = False
) -> None:
    """Show one campaign: target group, channels, templates, recipients, and everything that came back.

    Example: sendproof marketer campaign 7001
    """
    with _errors_told():
        _show(_sandbox(control_url, sandbox).get(f"/campaigns/{campaign}/report"), formatting.report, json=json)


def _sandbox(control_url: str, name: str) -> "Sandbox":
    from sendproof_harness.cli.marketer_client import Sandbox  # noqa: PLC0415 - `--help` stays quick

    return Sandbox(control_url, name)


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        typer.echo(f"sendproof: {error}", err=True)
        raise typer.Exit(EXIT_ERROR) from None


def _show(answer: Any, for_people: Callable[[Any, Console], None], *, json: bool) -> None:
    if json:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    else:
        for_people(answer, Console())


def _clock(world: "Sandbox") -> Callable[[], str]:
    return lambda: str(world.get("/clock")["now"])


def _condition(event: str | None, count: int, where: list[str] | None, within: str | None) -> list[dict[str, Any]]:
    more = {} if within is None else {"within_ms": length(within)}
    return [{"event": event, "count": count, "where": parameters(where or []), **more}]


def _read(criteria: str) -> Any:
    try:
        return msgspec.json.decode(criteria)
    except msgspec.DecodeError as error:
        example = '[{"event": "page_visit", "count": 3}, {"event": "cart"}]'
        raise ValueError(f"--criteria: expected JSON such as {example}, got {criteria!r} ({error})") from None
