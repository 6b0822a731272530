"""The commands `sendproof marketer ...`: the actions of a marketer in Optimove, in a running sandbox."""

from typing import Annotated, Any

import typer

from sendproof_harness.cli import formatting
from sendproof_harness.cli.drive.opened import OpenedSandbox, open_sandbox, print_result
from sendproof_harness.cli.options import CONTROL_URL, AsJson, SandboxName
from sendproof_harness.cli.options import RunningControlUrl as ControlUrl
from sendproof_harness.cli.parsing import instant, length, of_option, parameters, splits

CampaignId = Annotated[int, typer.Argument(help="Id of the campaign.", show_default=False)]

group = typer.Typer(help="Do what a marketer does in Optimove, in a running sandbox.", no_args_is_help=True)


@group.command()
def template(
    title: Annotated[str, typer.Argument(help="Title of the template at the provider.", show_default=False)],
    body: Annotated[
        str,
        typer.Argument(help="Text of the template, with placeholders such as {{FIRST_NAME}}.", show_default=False),
    ],
    provider: Annotated[
        str | None, typer.Option(help="Provider of the template; optional if the channels have only one.")
    ] = None,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Add a template to a message provider.

    The bridge then lists it on the channel in Optimove (AddChannelTemplates).

    Example: sendproof marketer template "Spring welcome" "Hello {{FIRST_NAME}}, spring is here."
    """
    with open_sandbox(control_url, sandbox) as opened:
        name = opened.provider(provider)
        (added,) = opened.control.add_templates(sandbox, name, [{"title": title, "body": body}])
        print_result(added, formatting.template, json=json)


@group.command()
def preview(
    title: Annotated[str, typer.Argument(help="Title of the template at the provider.", show_default=False)],
    customer: Annotated[
        str | None, typer.Option(help="Id of a customer: show the text that this customer gets.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option(help="Provider of the template; optional if the channels have only one.")
    ] = None,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Preview a template that the provider fills in, with translations.

    With a customer, it is the text in the customer's language, filled in.

    Example: sendproof marketer preview "Spring welcome" --customer C0000042
    """
    with open_sandbox(control_url, sandbox) as opened:
        name = opened.provider(provider)
        wanted = {"template": opened.template_id(name, title), **({} if customer is None else {"customer": customer})}
        print_result(opened.control.preview(sandbox, name, wanted), formatting.preview, json=json)


@group.command()
def schedule(
    campaign: CampaignId,
    template: Annotated[list[str], typer.Option(help="Title of a template at the provider; one for each split.")],
    customers: Annotated[int, typer.Option(help="Number of customers in the target group.", min=0)],
    channel: Annotated[
        list[int] | None, typer.Option(help="Channel of the campaign; may be repeated, optional if there is only one.")
    ] = None,
    send_at: Annotated[
        list[str] | None,
        typer.Option(
            help="Send time, such as 2026-03-02T09:00:00Z or +2h; one for all templates or for each. Default: now."
        ),
    ] = None,
    share: Annotated[
        list[float] | None,
        typer.Option(help="Share of the customers for each template, relative to the sum. Default: equal shares."),
    ] = None,
    group: Annotated[
        list[int] | None, typer.Option(help="Group of an A/B test for each template: 1 is group A. Default: 1.", min=1)
    ] = None,
    control_group: Annotated[
        float, typer.Option(help="Share of the customers who get nothing, for comparison.", min=0, max=1)
    ] = 0,
    app: Annotated[str | None, typer.Option(help="Id of an app of the channel.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the campaign.")] = None,
    first_customer: Annotated[
        int, typer.Option(help="Position of the target group's first customer in the audience.", min=0)
    ] = 0,
    announce_at: Annotated[str | None, typer.Option(help="Time of the announcement (event 13). Default: now.")] = None,
    day: Annotated[
        str | None, typer.Option(help="Day of the nightly run that announces the campaign, such as 2026-03-03.")
    ] = None,
    clearance_by: Annotated[
        str | None, typer.Option(help="Make the campaign conditional: on hold until then, with event 5 first.")
    ] = None,
    cancel_at: Annotated[str | None, typer.Option(help="Time at which the campaign is cancelled.")] = None,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Schedule a campaign.

    The bridge must have listed the templates on the channel in Optimove (AddChannelTemplates).

    Example: sendproof marketer schedule 7001 --template "Spring welcome" --customers 1000 --send-at +2h
    """
    with open_sandbox(control_url, sandbox) as opened:
        times = {"announce_at": announce_at, "cancel_at": cancel_at}
        instants = {
            key: _instant(f"--{key.replace('_', '-')}", text, opened) for key, text in times.items() if text is not None
        }
        optional: dict[str, Any] = {"name": name, "day": day, "control_group": control_group or None}
        if clearance_by is not None:
            optional["conditional"] = {"clearance_by": _instant("--clearance-by", clearance_by, opened)}
        send_times = [_instant("--send-at", text, opened) for text in send_at or ["+0s"]]
        parts = splits(template, share or [], send_times, group or [])
        part = {"splits": parts} | ({} if app is None else {"app": app})
        channels = channel or [opened.channel("scheduled", None)]
        planned = {
            "campaign": campaign,
            "customers": customers,
            "first_customer": first_customer,
            "channels": [{"channel": number, **part} for number in channels],
            **instants,
            **{key: value for key, value in optional.items() if value is not None},
        }
        opened.control.schedule_campaign(sandbox, planned)
        print_result(opened.control.campaign_report(sandbox, campaign), formatting.report, json=json)


@group.command()
def cancel(
    campaign: CampaignId, control_url: ControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False
) -> None:
    """Cancel a campaign.

    If the campaign was announced, its listeners get event 4.

    Example: sendproof marketer cancel 7001
    """
    with open_sandbox(control_url, sandbox) as opened:
        opened.control.cancel_campaign(sandbox, campaign)
        print_result(opened.control.campaign_report(sandbox, campaign), formatting.report, json=json)


@group.command()
def trigger(
    name: Annotated[str, typer.Argument(help="Name of the trigger, as in event 11.", show_default=False)],
    campaign: Annotated[int, typer.Option(help="Id of the trigger's campaign.")],
    template: Annotated[str, typer.Option(help="Title of the template at the provider.")],
    event: Annotated[str | None, typer.Option(help="Customer event to count, such as page_visit.")] = None,
    count: Annotated[int, typer.Option(help="Number of events that fire the trigger.", min=1)] = 1,
    where: Annotated[
        list[str] | None, typer.Option(help="Value of an event parameter, such as page=/offers; may be repeated.")
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="Longest time from the first to the last event: 90s, 2h or 7d.")
    ] = None,
    criteria: Annotated[
        str | None, typer.Option(help="Several criteria as JSON of the control API, instead of the four options above.")
    ] = None,
    channel: Annotated[int | None, typer.Option(help="Triggered channel; optional if there is only one.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Attribute or parameter that event 11 leaves out; may be repeated.")
    ] = None,
    repeat: Annotated[bool, typer.Option("--repeat", help="Let the trigger fire again for the same customer.")] = False,
    action: Annotated[int, typer.Option(help="Action id in event 11.", min=0)] = 2,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Define a trigger.

    A customer who meets its criteria gets the template at once: Optimove posts event 11.

    Example: sendproof marketer trigger "Third visit" --campaign 8001 --template "Come back" --event page_visit
    --count 3
    """
    with open_sandbox(control_url, sandbox) as opened:
        if (event is None) == (criteria is None):
            raise ValueError("expected either --event or --criteria: name the customer event that fires the trigger")
        wanted = {
            "trigger": name,
            "campaign": campaign,
            "channel": opened.channel("triggered", channel),
            "template": template,
            "criteria": _criteria(event, count, where, within) if criteria is None else _parse_criteria(criteria),
            "exclude": exclude or [],
            "repeat": repeat,
            "action": action,
        }
        print_result(opened.control.add_trigger(sandbox, wanted), formatting.trigger, json=json)


@group.command()
def event(
    name: Annotated[str, typer.Argument(help="Name of the customer event, such as page_visit.", show_default=False)],
    customers: Annotated[list[str], typer.Argument(help="Ids of the customers.", show_default=False)],
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="Parameter of the event, such as page=/offers or amount=12.5; may be repeated."),
    ] = None,
    times: Annotated[int, typer.Option(help="Number of events for each customer.", min=1, max=1_000)] = 1,
    at: Annotated[
        str | None, typer.Option(help="Time of the event, such as 2026-03-02T09:00:00Z or +2h. Default: now.")
    ] = None,
    control_url: ControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Record a customer event, and show the triggers that it fires.

    Example: sendproof marketer event page_visit C0000042 --parameter page=/offers --times 3
    """
    with open_sandbox(control_url, sandbox) as opened:
        when = {} if at is None else {"at": _instant("--at", at, opened)}
        with of_option("--parameter"):
            fields = {"event": name, "parameters": parameters(parameter or []), **when}
        events = [{"customer": customer, **fields} for _ in range(times) for customer in customers]
        print_result(opened.control.record_customer_events(sandbox, events), formatting.triggered, json=json)


@group.command()
def campaigns(control_url: ControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False) -> None:
    """List all campaigns with the reported metrics.

    Example: sendproof marketer campaigns
    """
    with open_sandbox(control_url, sandbox) as opened:
        print_result(opened.control.campaigns(sandbox), formatting.campaigns, json=json)


@group.command()
def campaign(
    campaign: CampaignId, control_url: ControlUrl = CONTROL_URL, sandbox: SandboxName = "default", json: AsJson = False
) -> None:
    """Show a campaign, its recipients and everything that was reported.

    Example: sendproof marketer campaign 7001
    """
    with open_sandbox(control_url, sandbox) as opened:
        print_result(opened.control.campaign_report(sandbox, campaign), formatting.report, json=json)


def _instant(option: str, text: str, opened: OpenedSandbox) -> str:
    with of_option(option):
        return instant(text, opened.now)


def _criteria(event: str | None, count: int, where: list[str] | None, within: str | None) -> list[dict[str, Any]]:
    with of_option("--within"):
        limit = {} if within is None else {"within_ms": length(within)}
    with of_option("--where"):
        return [{"event": event, "count": count, "where": parameters(where or []), **limit}]


def _parse_criteria(text: str) -> Any:
    from sendproof_harness.bounded_http import decode_json  # noqa: PLC0415 - `--help` stays quick

    try:
        return decode_json(text.encode())
    except ValueError as error:
        example = '[{"event": "page_visit", "count": 3}, {"event": "cart"}]'
        raise ValueError(f"--criteria: expected JSON such as {example}, got {error}: {text!r}") from None
