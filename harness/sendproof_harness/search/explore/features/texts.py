"""Texts of the template that all messages have at first."""

from collections.abc import Callable

from sendproof_harness.search.explore.builder import ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature


def _body(body: str) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        builder.body = body

    return apply


_TEXTS = {
    "text with several attributes": "{{FIRST_NAME}} {{LAST_NAME}} of {{CITY}} has {{BALANCE}}. Reply STOP to end.",
    "text with signs of URLs": "{{FIRST_NAME}}, 1 + 1 & 50% off: a 100%fair deal; see a=b?c#d. Reply STOP to opt out.",
    "text beyond the SMS alphabet": "Zażółć gęślą jaźń, {{FIRST_NAME}}? Only £2 in {{CITY}} 😀. Reply STOP to opt out.",
    "text with accents of the SMS alphabet": "Café crème, {{FIRST_NAME}}? Only £2 in {{CITY}}. Reply STOP to opt out.",
    "text with quotes and tags": '{{FIRST_NAME}}, it\'s "new" & <b>yours</b>. Reply STOP to opt out.',
    "text of three parts": f"Hello {{{{FIRST_NAME}}}}, {'this is a long one, ' * 16}the end. Reply STOP to opt out.",
    "text with two spaces": "Hello {{FIRST_NAME}},  there is news from {{CITY}}.  Reply STOP to opt out.",
    "text with fractions and exponents": "{{FIRST_NAME}}, 5 m² at ½ price in {{CITY}}, № 7. Reply STOP to opt out.",
    "text with line breaks": "Hello {{FIRST_NAME}},\n\nthere is news.\nReply STOP to opt out.",
    "text with one attribute twice": "{{FIRST_NAME}}, {{FIRST_NAME}}! There is news. Reply STOP to opt out.",
}


def _own_attribute(builder: ScenarioBuilder) -> None:
    builder.body = "{{FIRST_NAME}}, your card is {{CARD_2}}, as in 2025. Reply STOP to opt out."
    builder.audience.setdefault("attributes", []).append({"name": "CARD_2", "type": "VARCHAR(20)", "default": "0042"})


FEATURES = (
    *(Feature(name=name, topic="text", apply=_body(body)) for name, body in _TEXTS.items()),
    Feature(name="text with an attribute of the client's own", topic="text", apply=_own_attribute),
)
