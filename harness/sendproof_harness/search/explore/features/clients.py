"""Several clients of one bridge, and what each of them has of its own.

A bridge that reads a setting once, from the first client, serves the others with it. Only the second client has
settings of its own here, so such a bridge is right for the first one.
"""

from collections.abc import Callable

from sendproof_harness.providers import discover
from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE
from sendproof_harness.search.explore.builder import ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.features.campaigns import OF_TWO_PROVIDERS

#: The names of attributes of a client that does not keep the usual ones.
OTHER_NAMES = {"PHONENUMBER": "MobileNo", "SMS_OPT_IN": "WantsSms"}
# Features that name the attribute of the number, for all clients.
_NAME_THE_NUMBER = frozenset(
    {"event without the number", "new number between messages", "first usable number between messages"}
)
_FIRST, _SECOND = "north", "south"
#: The names of the clients.
CLIENTS = [_FIRST, _SECOND]
# Two numbers that are assigned, in each country of the scenarios.
_SHARED_NUMBERS = {"GB": ("+447400123457", "+447400123458"), "US": ("+12025550144", "+12025550145")}


def _two_clients(builder: ScenarioBuilder) -> None:
    builder.top["clients"] = CLIENTS


def _with_own(**settings: object) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        _two_clients(builder)
        builder.top["client_settings"] = {_SECOND: settings}

    return apply


def _own_reports(builder: ScenarioBuilder) -> None:
    _with_own(opt_outs="attribute", reports_a_day=6)(builder)
    builder.bridge["consent"] = CONSENT_BY_ATTRIBUTE
    builder.bridge.setdefault("opt_outs", "preference")


def _shared_people(builder: ScenarioBuilder) -> None:
    _two_clients(builder)
    pairs = zip(_SHARED_NUMBERS[builder.country], (_FIRST, _SECOND), (_SECOND, _FIRST), strict=True)
    for number, here, there in pairs:
        builder.add_customer(protection="provider_list", number=number, client=here)
        builder.add_customer(protection="none", number=number, client=there)
    builder.subjects.append({"opted_out_elsewhere": True})


def _in_europe() -> frozenset[str]:
    return frozenset(name for name, record in discover().items() if record.default_country == "GB")


def features() -> tuple[Feature, ...]:
    """Return the features; some depend on the providers."""
    european = _in_europe()
    return (
        _feature("two clients", _two_clients),
        _feature("two clients with senders of their own", _with_own(sender="Southshop")),
        _feature(
            "two clients with names of attributes of their own",
            _with_own(attribute_names=OTHER_NAMES),
            excludes=_NAME_THE_NUMBER,
        ),
        _feature(
            "two clients in two countries",
            _with_own(country="US"),
            providers=european,
            excludes=OF_TWO_PROVIDERS,
        ),
        _feature(
            "two clients with reports of their own",
            _own_reports,
            excludes=frozenset(
                {"report rate", "reported opt-outs", "customers named by id", "translations of the provider"}
            ),
        ),
        _feature("people who opted out at one of two clients", _shared_people),
    )


def _feature(
    name: str,
    apply: Callable[[ScenarioBuilder], None],
    *,
    providers: frozenset[str] | None = None,
    excludes: frozenset[str] = frozenset(),
) -> Feature:
    return Feature(name=name, topic="clients", apply=apply, providers=providers, excludes=excludes)
