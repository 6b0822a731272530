"""Changes of templates at the provider."""

from collections.abc import Callable
from datetime import timedelta

from sendproof_harness.search.explore.builder import SCHEDULED, TITLE, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature

_CHANGED = timedelta(minutes=30)
# A call to Optimove adds at most 100.
_MORE_THAN_A_CALL = 101
# A bridge may need an hour to notice a template.
_NOTICED = timedelta(minutes=70)
_LONG_TITLE = "Only today & <tomorrow>, 100% new in all of our shops and on the web"
_SYNCHRONISED = {"wait_for": {"synchronised": True}}


def _is_used_later(builder: ScenarioBuilder, title: str) -> None:
    """Add a campaign with a template that is there after the change."""
    campaign = builder.add_campaign(7008, builder.sent + timedelta(minutes=2), title)
    campaign.planned = _CHANGED + timedelta(minutes=1)


def _added(builder: ScenarioBuilder) -> None:
    added = {"provider": builder.provider, "title": _LONG_TITLE, "body": "{{FIRST_NAME}}, only today. Reply STOP."}
    builder.at(_CHANGED, {"add_template": added}, _SYNCHRONISED)
    _is_used_later(builder, _LONG_TITLE)


def _renamed(before: str) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        builder.add_template(before, "Hello {{FIRST_NAME}}, spring is here. Reply STOP to opt out.")
        renaming = {"provider": builder.provider, "title": before, "to": "Spring"}
        builder.at(_CHANGED, {"rename_template": renaming}, _SYNCHRONISED)
        _is_used_later(builder, "Spring")

    return apply


def _deleted(builder: ScenarioBuilder) -> None:
    builder.add_template("Last year", "Bye {{FIRST_NAME}}. Reply STOP to opt out.")
    deletion = {"provider": builder.provider, "title": "Last year"}
    builder.at(_CHANGED, {"delete_template": deletion}, _SYNCHRONISED)


def _change(builder: ScenarioBuilder) -> dict[str, object]:
    return {"change_template": {"provider": builder.provider, "title": TITLE, "body": "{{FIRST_NAME}}, reply STOP."}}


def _rewritten(builder: ScenarioBuilder) -> None:
    builder.at(_CHANGED, _change(builder))
    for campaign in builder.campaigns.values():
        campaign.planned = max(campaign.planned, _CHANGED)


def _rewritten_later(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    builder.at(builder.sent + timedelta(hours=8), _change(builder))


def _many(builder: ScenarioBuilder) -> None:
    for number in range(1, _MORE_THAN_A_CALL + 1):
        builder.add_template(f"Offer {number}", f"{{{{FIRST_NAME}}}}, offer {number} is yours. Reply STOP to opt out.")
        deletion = {"provider": builder.provider, "title": f"Offer {number}"}
        builder.at(_NOTICED, {"delete_template": deletion})


_IN_CAMPAIGN = frozenset({SCHEDULED})

FEATURES = (
    Feature(name="template added", topic="template", apply=_added, flows=_IN_CAMPAIGN),
    Feature(name="template renamed", topic="template", apply=_renamed("Sprng"), flows=_IN_CAMPAIGN),
    Feature(name="template renamed by a capital", topic="template", apply=_renamed("spring"), flows=_IN_CAMPAIGN),
    Feature(name="template deleted", topic="template", apply=_deleted),
    Feature(name="a hundred and one more templates", topic="template", apply=_many),
    Feature(name="template rewritten before a message", topic="template", apply=_rewritten),
    Feature(name="template rewritten between messages", topic="template", apply=_rewritten_later),
)
