"""The topics on which two bridges are compared, and the titles of templates in them."""

from dataclasses import dataclass
from typing import Literal

from sendproof_harness.history.parts import TemplateId
from sendproof_harness.history.records import History

#: What a topic belongs to: the messages of a recipient, a statement to Optimove, or a call.
Area = Literal["recipient", "statement", "call"]
AREAS: tuple[Area, ...] = ("recipient", "statement", "call")


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Topic:
    """What a statement or a call is about. Fields that do not apply are 0 or empty; `template` is a title."""

    area: Area
    kind: str
    name: str = ""
    campaign: int = 0
    channel: int = 0
    template: str = ""
    customer: str = ""

    @property
    def heading(self) -> str:
        """The topic without its customer, by which reports group differences."""
        parts = [
            f"{self.kind} {self.name}".strip(),
            f"campaign {self.campaign}" if self.campaign else "",
            f"channel {self.channel}" if self.channel else "",
            f"template {self.template}" if self.template else "",
        ]
        return ", ".join(part for part in parts if part)


class Titles:
    """The titles of templates at their providers, by channel and id."""

    def __init__(self, history: History) -> None:
        self._providers = {channel.id: channel.provider for channel in history.header.channels}
        self._titles: dict[tuple[str, str], str] = {}
        for change in history.provider_templates:
            if change.title is not None:
                self._titles[change.service, str(change.id)] = change.title

    def of(self, channel: int, template: TemplateId) -> str:
        """Return the title of a template of a channel; its id if the provider has no such template."""
        return self._titles.get((self._providers.get(channel, ""), str(template)), str(template))
