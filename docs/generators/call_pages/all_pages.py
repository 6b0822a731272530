"""All pages of calls, by name of the file in `docs/calls`."""

from collections.abc import Mapping
from pathlib import Path

from call_pages import delivyr, message_types, textlocal, xtremepush
from call_pages.player import record
from call_pages.rendering import render
from sendproof_harness.control_client import ControlClient

FOLDER = Path(__file__).parents[2] / "calls"
PAGES = (
    textlocal.SCHEDULED,
    textlocal.TRIGGERED,
    xtremepush.SCHEDULED,
    xtremepush.TRIGGERED,
    *message_types.PAGES,
    delivyr.SCHEDULED,
    delivyr.TRIGGERED,
)

_BRITISH, _AMERICAN = "447555000100", "12015550100"
_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "GB": {
        "+447555000100": _BRITISH,
        "447555000100": _BRITISH,
        "00447555000100": _BRITISH,
        "07555000100": _BRITISH,
        "07555 000100": _BRITISH,
        "(07555) 000-100": _BRITISH,
        "0207946": "",
    },
    "US": {
        "+12015550100": _AMERICAN,
        "12015550100": _AMERICAN,
        "0012015550100": _AMERICAN,
        "2015550100": _AMERICAN,
        "201 555 0100": _AMERICAN,
        "(201) 555-0100": _AMERICAN,
        "555010": "",
    },
}
_PREFIX = {"delivyr": "+"}


def call_pages(control: ControlClient) -> dict[str, str]:
    """Return every page, as these simulators answer."""
    return {
        f"{page.name}.md": render(page, record(control, page), _spellings(page.provider, page.country))
        for page in PAGES
    }


def _spellings(provider: str, country: str) -> dict[str, str]:
    prefix = _PREFIX.get(provider, "")
    return {arrives: f"{prefix}{sent}" if sent else "" for arrives, sent in _SPELLINGS[country].items()}
