"""Functions of the group `integrations` with which a channel tells what it has."""

from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.errors import not_found
from sendproof_simulators.services.optimove.permissions import function


@function
def add_channel_templates(call: Call) -> Effects:
    """Tell which templates a channel has."""
    given = [(item["TemplateID"], item["TemplateName"]) for item in call.body]
    entries = call.state.add_templates(call.params["ChannelID"], given)
    return Effects(response=responses.done(call.context), entries=entries)


@function
def get_channel_templates(call: Call) -> Effects:
    """List the templates of a channel, by id."""
    templates = call.state.channel_templates(call.params["ChannelID"])
    rows = [{"TemplateID": id_, "TemplateName": name} for id_, name in sorted(templates.items())]
    return Effects(response=responses.listed(call.context, rows))


@function
def get_channel_template_details(call: Call) -> Effects:
    """List the templates of a channel, or one of them, with content that nobody has told Optimove."""
    wanted, templates = call.params.get("TemplateID"), call.state.channel_templates(call.params["ChannelID"])
    if wanted is not None and wanted not in templates:
        raise not_found(f"TemplateID {wanted} is not known on ChannelID {call.params['ChannelID']}")
    rows = [
        {"TemplateID": id_, "TemplateName": name, "TemplateContent": "", "TemplateAttributes": []}
        for id_, name in sorted(templates.items())
        if wanted in {None, id_}
    ]
    return Effects(response=responses.listed(call.context, rows))


@function
def delete_channel_templates(call: Call) -> Effects:
    """Tell which templates are gone."""
    entries = call.state.delete_templates([(item["ChannelID"], item["TemplateID"]) for item in call.body])
    return Effects(response=responses.done(call.context), entries=entries)


@function
def add_channel_apps(call: Call) -> Effects:
    """Tell which apps a push channel has; a known id gets the new name (assumed)."""
    channel, apps = call.params["ChannelID"], {item["AppID"]: item["AppName"] for item in call.body}
    call.state.channel_templates(channel)
    call.state.apps[channel].update(apps)
    return Effects(response=responses.done(call.context), entries=(_apps_fact(channel, "added", apps),))


@function
def delete_channel_apps(call: Call) -> Effects:
    """Tell which apps are gone: all of them when every channel is known, or none."""
    gone: dict[int, dict[str, str]] = {}
    for item in call.body:
        call.state.channel_templates(item["ChannelID"])
        known = call.state.apps[item["ChannelID"]]
        if item["AppID"] in known:
            gone.setdefault(item["ChannelID"], {})[item["AppID"]] = known[item["AppID"]]
    for channel, apps in gone.items():
        call.state.apps[channel] = {id_: name for id_, name in call.state.apps[channel].items() if id_ not in apps}
    entries = tuple(_apps_fact(channel, "deleted", apps) for channel, apps in gone.items())
    return Effects(response=responses.done(call.context), entries=entries)


@function
def add_promotions(call: Call) -> Effects:
    """Tell which promotions there are; a known code gets the new name (assumed)."""
    given = {item["PromoCode"]: item["PromotionName"] for item in call.body}
    call.state.promotions.update(given)
    return Effects(response=responses.done(call.context), entries=(_promotions_fact("added", given),))


@function
def get_promotions(call: Call) -> Effects:
    """List the promotions, by code."""
    rows = [{"PromoCode": code, "PromotionName": name} for code, name in sorted(call.state.promotions.items())]
    return Effects(response=responses.listed(call.context, rows))


@function
def delete_promotions(call: Call) -> Effects:
    """Tell which promotions are gone."""
    promotions = call.state.promotions
    gone = {item["PromoCode"]: promotions[item["PromoCode"]] for item in call.body if item["PromoCode"] in promotions}
    for code in gone:
        del promotions[code]
    return Effects(response=responses.done(call.context), entries=(_promotions_fact("deleted", gone),) if gone else ())


def _apps_fact(channel: int, action: str, apps: dict[str, str]) -> JournalEntry:
    listed = [{"id": id_, "name": name} for id_, name in apps.items()]
    return JournalEntry(kind="channel_apps", fields={"channel": channel, "action": action, "apps": listed})


def _promotions_fact(action: str, promotions: dict[str, str]) -> JournalEntry:
    listed = [{"code": code, "name": name} for code, name in promotions.items()]
    return JournalEntry(kind="promotions", fields={"action": action, "promotions": listed})
