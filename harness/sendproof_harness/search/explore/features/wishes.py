"""What the client asks of the bridge, and what the providers do beyond sending."""

from collections.abc import Callable
from datetime import timedelta

from sendproof_harness.history.parts import SMS
from sendproof_harness.providers import discover
from sendproof_harness.providers.record import Provider
from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE, CUSTOMER_IDS, NO_SENDER
from sendproof_harness.search.explore.builder import TRIGGERED, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.features.campaigns import OF_TWO_PROVIDERS
from sendproof_harness.search.explore.features.clients import OTHER_NAMES

_SUPPRESSED = "gamStop"
_Limit = frozenset[str]


def _wish(**wishes: object) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        for name, value in wishes.items():
            builder.bridge[name] = value

    return apply


def _once_a_day(builder: ScenarioBuilder) -> None:
    builder.bridge["reports_a_day"] = 1
    # A provider may send half a day later, and two whole days must follow for a report to be due.
    builder.lasts = max(builder.lasts, timedelta(hours=62))


def _attribute_reports(builder: ScenarioBuilder) -> None:
    builder.bridge |= {"consent": CONSENT_BY_ATTRIBUTE, "opt_outs": "attribute"}


def _no_sender(builder: ScenarioBuilder) -> None:
    builder.top["sender"] = NO_SENDER


def _other_names(builder: ScenarioBuilder) -> None:
    builder.audience["attribute_names"] = OTHER_NAMES


def _shared_account(builder: ScenarioBuilder) -> None:
    builder.channels[0]["shared_account"] = True


def _a_week(builder: ScenarioBuilder) -> None:
    builder.lasts = max(builder.lasts, timedelta(days=8))
    for outcome in ("delivered after 71 h", "undelivered after 71 h"):
        builder.add_customer(protection="none", outcome=outcome)


def _suppress(builder: ScenarioBuilder) -> None:
    builder.contact_again()
    builder.top["suppression"] = {"attribute": _SUPPRESSED, "excluded": ["true"], "daily_at": "03:00"}
    attribute = {"name": _SUPPRESSED, "type": "VARCHAR(5)", "default": "false"}
    builder.audience.setdefault("attributes", []).append(attribute)
    builder.add_customer(protection="none", attributes={_SUPPRESSED: "true"})


def _leave_out(builder: ScenarioBuilder) -> None:
    # In an A/B test, the first campaign may send them another template.
    builder.contact_again()
    left_out = builder.add_customer(protection="none")
    builder.templates[0]["segment"] = {"customers": [left_out]}
    builder.subjects.append({"withheld": "outside_segment"})


def _testing(builder: ScenarioBuilder) -> None:
    builder.channels[0]["testing"] = True


def _customer_ids(builder: ScenarioBuilder) -> None:
    record = discover()[builder.provider]
    name, _, option = (record.customer_ids_option or "").partition("=")
    builder.top.setdefault("dialects", {})[name] = option
    builder.top["customer_import"] = {"at": f"{builder.starts + timedelta(hours=1):%H:%M}"}
    _once_a_day(builder)
    builder.bridge["opt_outs"] = "none"
    builder.channels[0]["recipients"] = CUSTOMER_IDS


def _translated(builder: ScenarioBuilder) -> None:
    _customer_ids(builder)
    bodies = {"de": "Hallo {{FIRST_NAME}}, es gibt Neues. STOP beendet.", "pl": "Cześć {{FIRST_NAME}}. STOP kończy."}
    builder.templates[0]["translations"] = {"attribute": "LANGUAGE", "bodies": bodies}
    for language in ("de", "is", None):
        builder.add_customer(protection="none", attributes={"LANGUAGE": language})


def _override(builder: ScenarioBuilder) -> None:
    channel = next(channel for channel in builder.channels if channel.get("kind") == TRIGGERED)
    channel["overrides"] = '{"url": "https://example.com/basket", "variables": {"FIRST_NAME": "you"}}'


def _link(builder: ScenarioBuilder) -> None:
    builder.templates[0]["url"] = "https://example.com/news"
    builder.add_customer(protection="none", outcome="delivered, 2 clicks")


def _with(has: Callable[[Provider], object]) -> frozenset[str]:
    return frozenset(name for name, record in discover().items() if has(record))


_IDS = OF_TWO_PROVIDERS | frozenset(
    {
        "STOP between messages",
        "STOP from a shared phone",
        "STOP and START from a shared phone",
        "STOP and START between messages",
        "opt-outs reported as a preference",
        "opt-outs reported as an attribute",
        "reports once a day",
        "reports six times a day",
    }
)


def _wishes() -> tuple[Feature, ...]:
    return tuple(
        Feature(name=name, topic=topic, apply=apply)
        for name, topic, apply in (
            ("reports of totals", "reports", _wish(reports="campaign_metrics")),
            ("reports of signed events", "reports", _wish(reports="save_event")),
            ("reports once a day", "report rate", _once_a_day),
            ("reports six times a day", "report rate", _wish(reports_a_day=6)),
            ("opt-outs reported as a preference", "reported opt-outs", _wish(opt_outs="preference")),
            ("opt-outs reported as an attribute", "reported opt-outs", _attribute_reports),
            ("opt-outs not reported", "reported opt-outs", _wish(opt_outs="none")),
            ("signed webhooks of the account", "account", _wish(signed_webhooks=True)),
            ("webhooks with a password", "account", _wish(webhook_login="basic")),
            ("webhooks with a token", "account", _wish(webhook_login="bearer")),
            ("no webhooks of the account", "account", _wish(account_webhooks=False)),
            ("sender of the account", "sender", _no_sender),
            ("reports for a whole week", "length", _a_week),
            ("names of attributes that only this client has", "attribute names", _other_names),
        )
    )


def features() -> tuple[Feature, ...]:
    """Return the features; some depend on the providers."""
    in_trigger = frozenset({TRIGGERED})
    by_ids = _with(lambda record: record.customer_ids_option)
    return (
        *_wishes(),
        _service("suppressed customer", _suppress, _with(lambda record: record.suppression_settings), shows="R411"),
        _service(
            "segment of the provider",
            _leave_out,
            _with(lambda record: record.segment_settings),
            excludes=frozenset({"parameters in the text"}),
        ),
        _service("channel in testing mode", _testing, _with(lambda record: record.has_testing_mode), shows="R407"),
        _service("customers named by id", _customer_ids, by_ids, shows="R410", without=in_trigger, excludes=_IDS),
        _service("translations of the provider", _translated, by_ids, shows="R410", without=in_trigger, excludes=_IDS),
        _service("triggered overrides", _override, _with(lambda record: record.has_overrides), flows=in_trigger),
        _service(
            "account shared with other systems",
            _shared_account,
            _with(lambda record: record.shared_settings),
            excludes=frozenset({"no webhooks of the account"}),
        ),
        _service("link of the template", _link, _with(lambda record: record.link_settings)),
    )


def _service(
    name: str, apply: Callable[[ScenarioBuilder], None], providers: frozenset[str], *, shows: str = "", **limits: _Limit
) -> Feature:
    """Return a feature of some providers; `shows` is a requirement, and `limits` are further fields of a feature."""
    situation = f"requirement {shows}" if shows else ""
    return Feature(name=name, topic="service", apply=apply, providers=providers, shows=situation, message=SMS, **limits)
