"""The size of a scenario, in numbers and in words."""

from dataclasses import dataclass
from datetime import timedelta

from sendproof_harness.history.timestamps import span
from sendproof_harness.history.wording import counted
from sendproof_harness.scenario.document import Document, document_text
from sendproof_harness.scenario.values import parse_duration, to_milliseconds
from sendproof_harness.search.shrinking.edits import campaign_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a scenario consists of. `lines` are those of its file, `lasts` its virtual time."""

    customers: int
    campaigns: int
    triggers: int
    splits: int
    templates: int
    steps: int
    faults: int
    lines: int
    lasts: timedelta

    def __str__(self) -> str:
        parts = [
            counted(self.customers, "customers"),
            *([counted(self.campaigns, "campaigns")] if self.campaigns else []),
            *([counted(self.splits, "splits")] if self.splits > 1 else []),
            *([counted(self.triggers, "triggers")] if self.triggers else []),
            *([counted(self.templates, "templates")] if self.templates else []),
            counted(self.steps, "steps") + (f" over {span(to_milliseconds(self.lasts))}" if self.lasts else ""),
            counted(self.faults, "faults") if self.faults else "no faults",
        ]
        return ", ".join(parts)


def size_of(document: Document) -> Size:
    """Return the size of a document."""
    campaigns = document.get("campaigns", ())
    advances = (parse_duration(step["advance"]) for step in document["steps"] if "advance" in step)
    return Size(
        customers=document["audience"]["customers"],
        campaigns=len(campaigns),
        triggers=len(document.get("triggers", ())),
        splits=sum(len(part["splits"]) for campaign in campaigns for part in campaign_parts(campaign)),
        templates=len(document["templates"]),
        steps=len(document["steps"]),
        faults=len(document.get("faults", ())),
        lines=len(document_text(document).splitlines()),
        lasts=sum(advances, timedelta()),
    )
