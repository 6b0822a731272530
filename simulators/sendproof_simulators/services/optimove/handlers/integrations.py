"""Functions of the group `integrations` with which a channel lists its templates, apps and promotions."""

from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.errors import not_found
from sendproof_simulators.services.optimove.permissions import authorized


@authorized
def add_channel_templates(call: Call) -> Effects:
    """Add or rename templates of a channel."""
    channel = call.params["ChannelID"]
    for item in call.body:
        call.state.check_app(channel, item.get("AppID"))
    templates = [(item["TemplateID"], item["TemplateName"]) for item in call.body]
    entries = call.state.add_templates(channel, templates)
    return Effects(response=responses.success_response(call.state.options), entries=entries)


@authorized
def get_channel_templates(call: Call) -> Effects:
    """Return the templates of a channel, by id."""
    templates = call.state.channel_templates(call.params["ChannelID"])
    rows = [{"TemplateID": id_, "TemplateName": name} for id_, name in sorted(templates.items())]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def get_channel_template_details(call: Call) -> Effects:
    """Return the templates of a channel, or one of them, with empty content, because Optimove does not receive it."""
    requested, templates = call.params.get("TemplateID"), call.state.channel_templates(call.params["ChannelID"])
    if requested is not None and requested not in templates:
        raise not_found(f"TemplateID {requested} is not known on ChannelID {call.params['ChannelID']}")
    rows = [
        {"TemplateID": id_, "TemplateName": name, "TemplateContent": "", "TemplateAttributes": []}
        for id_, name in sorted(templates.items())
        if requested in {None, id_}
    ]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def delete_channel_templates(call: Call) -> Effects:
    """Delete templates."""
    entries = call.state.delete_templates([(item["ChannelID"], item["TemplateID"]) for item in call.body])
    return Effects(response=responses.success_response(call.state.options), entries=entries)


@authorized
def add_channel_apps(call: Call) -> Effects:
    """Add apps of a push channel. A known id gets the new name (assumed)."""
    channel, apps = call.params["ChannelID"], {item["AppID"]: item["AppName"] for item in call.body}
    call.state.channel_templates(channel)
    call.state.apps[channel].update(apps)
    entry = _apps_entry(channel, "added", apps)
    return Effects(response=responses.success_response(call.state.options), entries=(entry,))


@authorized
def delete_channel_apps(call: Call) -> Effects:
    """Delete apps: all of them if all channels are known, else none."""
    deleted: dict[int, dict[str, str]] = {}
    for item in call.body:
        call.state.channel_templates(item["ChannelID"])
        known = call.state.apps[item["ChannelID"]]
        if item["AppID"] in known:
            deleted.setdefault(item["ChannelID"], {})[item["AppID"]] = known[item["AppID"]]
    for channel, apps in deleted.items():
        call.state.apps[channel] = {id_: name for id_, name in call.state.apps[channel].items() if id_ not in apps}
    entries = tuple(_apps_entry(channel, "deleted", apps) for channel, apps in deleted.items())
    return Effects(response=responses.success_response(call.state.options), entries=entries)


@authorized
def add_promotions(call: Call) -> Effects:
    """Add promotions. A known code gets the new name (assumed)."""
    promotions = {item["PromoCode"]: item["PromotionName"] for item in call.body}
    call.state.promotions.update(promotions)
    entry = _promotions_entry("added", promotions)
    return Effects(response=responses.success_response(call.state.options), entries=(entry,))


@authorized
def get_promotions(call: Call) -> Effects:
    """Return the promotions, by code."""
    rows = [{"PromoCode": code, "PromotionName": name} for code, name in sorted(call.state.promotions.items())]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def delete_promotions(call: Call) -> Effects:
    """Delete promotions."""
    known = call.state.promotions
    deleted = {item["PromoCode"]: known[item["PromoCode"]] for item in call.body if item["PromoCode"] in known}
    for code in deleted:
        del known[code]
    entries = (_promotions_entry("deleted", deleted),) if deleted else ()
    return Effects(response=responses.success_response(call.state.options), entries=entries)


def _apps_entry(channel: int, action: str, apps: dict[str, str]) -> JournalEntry:
    items = [{"id": id_, "name": name} for id_, name in apps.items()]
    return JournalEntry(kind="channel_apps", fields={"channel": channel, "action": action, "apps": items})


def _promotions_entry(action: str, promotions: dict[str, str]) -> JournalEntry:
    items = [{"code": code, "name": name} for code, name in promotions.items()]
    return JournalEntry(kind="promotions", fields={"action": action, "promotions": items})
