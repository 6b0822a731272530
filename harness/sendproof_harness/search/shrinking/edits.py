"""Edits of documents: each returns a smaller document that is consistent again.

They are pure and know no bridge. An edit may give a document that breaks a rule of scenario files; it is never run.
"""

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from sendproof_harness.scenario.document import Document, scenario_of
from sendproof_harness.scenario.rules.step_state import announcement_time
from sendproof_harness.scenario.values import iso_utc

#: The keys of a scenario that no run needs, by the place in the file.
_NEEDED = frozenset({"sendproof", "name", "seed", "starts", "audience", "channels", "templates", "steps"})
_NEEDED_OF_CHANNEL = frozenset({"id", "provider", "kind"})
_NEEDED_OF_CAMPAIGN = frozenset({"campaign", "channel", "channels", "splits", "announced", "customers"})
_NEEDED_OF_TRIGGER = frozenset({"trigger", "campaign", "channel", "template", "criteria"})
_NEEDED_OF_SPLIT = frozenset({"share", "template", "send_at"})
_NEEDED_OF_FAULT = frozenset({"fault", "call", "webhook"})
_NEEDED_OF_TEMPLATE = frozenset({"provider", "title", "body"})
_INDEPENDENT = frozenset({("bridge",), ("dialects",)})
_PARTS_WITH_OWN_EDITS = frozenset({"campaigns", "triggers", "faults"})
_STEPS_WITH_TEMPLATE = ("rename_template", "change_template", "delete_template")

#: A place in a document, such as `("channels", 0, "exclude")`.
Path = tuple[str | int, ...]


def edited(document: Document, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Return a copy of the document after the change, with all of its parts consistent."""
    content = copy.deepcopy(dict(document))
    change(content)
    return tidied(content)


def tidied(content: dict[str, Any]) -> dict[str, Any]:
    """Return the document without steps, subjects and channels that refer to nothing, and with waits that can end."""
    _remove_orphaned_steps(content)
    _remove_unused_channels(content)
    for key in ("campaigns", "triggers", "faults", "subjects"):
        if not content.get(key, True):
            del content[key]
    audience = content["audience"]
    if not audience.get("individuals", True):
        del audience["individuals"]
    _limit_waits(content)
    return content


def _remove_orphaned_steps(content: dict[str, Any]) -> None:
    campaigns = {campaign["campaign"] for campaign in content.get("campaigns", ())}
    triggers = {trigger["trigger"] for trigger in content.get("triggers", ())}

    def is_orphaned(step: Mapping[str, Any]) -> bool:
        ((key, value),) = step.items()
        if key in {"plan", "cancel"}:
            return (value["campaign"] if isinstance(value, dict) else value) not in campaigns
        return key == "trigger" and value not in triggers

    content["steps"] = [step for step in content["steps"] if not is_orphaned(step)]


def _remove_unused_channels(content: dict[str, Any]) -> None:
    used = {part["channel"] for campaign in content.get("campaigns", ()) for part in campaign_parts(campaign)}
    used |= {trigger["channel"] for trigger in content.get("triggers", ())}
    steps = (next(iter(step.values())) for step in content["steps"])
    used |= {step["channel"] for step in steps if isinstance(step, dict) and "channel" in step}
    content["channels"] = [channel for channel in content["channels"] if channel["id"] in used] or content["channels"]


def _limit_waits(content: dict[str, Any]) -> None:
    """Let no step wait for more listeners or templates than there are."""
    providers = [channel["provider"] for channel in content["channels"]]
    available = sum(template["provider"] in providers for template in content["templates"])
    added = sum("add_template" in step for step in content["steps"])
    for step in content["steps"]:
        wait = step.get("wait_for")
        if wait is None:
            continue
        if wait.get("listeners", 0) > len(providers):
            wait["listeners"] = len(providers)
        if wait.get("templates", 0) > available + added:
            wait["templates"] = available
        if not wait.get("templates", 1):
            del wait["templates"]


def campaign_parts(campaign: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the parts of a campaign with a channel and splits: the campaign itself, or its channels."""
    return campaign.get("channels") or [campaign]


# -- whole parts -----------------------------------------------------------------------------------------


def sends(document: Document) -> list[tuple[str, Any]]:
    """Return the campaigns and triggers, each as its list and its number or name."""
    campaigns = [("campaigns", campaign["campaign"]) for campaign in document.get("campaigns", ())]
    return [*campaigns, *(("triggers", trigger["trigger"]) for trigger in document.get("triggers", ()))]


def with_sends(document: Document, kept: Collection[tuple[str, Any]]) -> dict[str, Any]:
    """Return the document with these campaigns and triggers only, and without all that belongs to the others."""

    def keep(content: dict[str, Any]) -> None:
        for key, name in (("campaigns", "campaign"), ("triggers", "trigger")):
            if key in content:
                content[key] = [item for item in content[key] if (key, item[name]) in kept]

    return edited(document, keep)


def with_items(document: Document, key: str, kept: Collection[int]) -> dict[str, Any]:
    """Return the document with the items of a list at these positions."""

    def keep(content: dict[str, Any]) -> None:
        content[key] = [item for index, item in enumerate(content[key]) if index in kept]

    return edited(document, keep)


def single_faults(document: Document) -> Iterator[dict[str, Any]]:
    """Yield the document with one of its faults, at the first call or webhook of its kind.

    Without the others, there may be fewer calls: a fault at the third one would never be injected.
    """
    for fault in document.get("faults", ()):
        first = {key: value for key, value in fault.items() if key != "nth"}
        yield edited(document, lambda content, first=first: content.update(faults=[first]))  # type: ignore[misc]


def unused_templates(document: Document) -> list[int]:
    """Return the positions of the templates that no campaign, trigger or step refers to."""
    splits = (
        split
        for campaign in document.get("campaigns", ())
        for part in campaign_parts(campaign)
        for split in part["splits"]
    )
    used = {split["template"] for split in splits}
    used |= {trigger["template"] for trigger in document.get("triggers", ())}
    for step in document["steps"]:
        used |= {step[key]["title"] for key in _STEPS_WITH_TEMPLATE if key in step}
    return [index for index, template in enumerate(document["templates"]) if template["title"] not in used]


def single_splits(document: Document) -> Iterator[dict[str, Any]]:
    """Yield the document with one split, for all of its customers, in each part with several."""
    parts = [part for campaign in document.get("campaigns", ()) for part in campaign_parts(campaign)]
    for number in range(max((len(part["splits"]) for part in parts), default=0)):

        def keep(content: dict[str, Any], number: int = number) -> None:
            for campaign in content["campaigns"]:
                for part in campaign_parts(campaign):
                    split = part["splits"][min(number, len(part["splits"]) - 1)]
                    part["splits"] = [{**split, "share": "100%"}]

        if any(len(part["splits"]) > 1 for part in parts):
            yield edited(document, keep)


def single_channels(document: Document) -> Iterator[dict[str, Any]]:
    """Yield the document with one channel in each campaign that has several."""
    counts = [len(campaign["channels"]) for campaign in document.get("campaigns", ()) if "channels" in campaign]
    for number in range(max(counts, default=0)):

        def keep(content: dict[str, Any], number: int = number) -> None:
            for campaign in content["campaigns"]:
                if "channels" in campaign:
                    parts = campaign.pop("channels")
                    campaign.update(parts[min(number, len(parts) - 1)])

        yield edited(document, keep)


def own_announcements(document: Document) -> Iterator[dict[str, Any]]:
    """Yield the document without its nightly process, if it has one: each campaign is announced at the same time."""
    if "nightly" not in document:
        return
    scenario = scenario_of(document)
    times = {campaign.campaign: announcement_time(scenario, campaign) for campaign in scenario.campaigns}

    def announce(content: dict[str, Any]) -> None:
        del content["nightly"]
        for campaign in content.get("campaigns", ()):
            campaign.pop("day", None)
            if time := times[campaign["campaign"]]:
                campaign["announced"] = iso_utc(time)

    yield edited(document, announce)


# -- optional keys ---------------------------------------------------------------------------------------


def optional_keys(document: Document) -> list[Path]:
    """Return the places of all keys, and of the entries of their values, that a scenario can do without."""
    return [place for path in _optional_keys(document) for place in _entries(document, path)]


def _entries(document: Document, path: Path) -> list[Path]:
    """Return the places of the entries of a list or of independent settings, or that of any other value itself."""
    value: Any = document
    for key in path:
        value = value[key]
    if value and (isinstance(value, list) or path in _INDEPENDENT):
        return [(*path, key) for key in (range(len(value)) if isinstance(value, list) else value)]
    return [path]


def _optional_keys(document: Document) -> list[Path]:
    paths: list[Path] = [(key,) for key in document if key not in _NEEDED | _PARTS_WITH_OWN_EDITS]
    paths += [("audience", key) for key in document["audience"] if key not in {"customers", "individuals"}]
    for key, needed in (
        ("channels", _NEEDED_OF_CHANNEL),
        ("templates", _NEEDED_OF_TEMPLATE),
        ("campaigns", _NEEDED_OF_CAMPAIGN),
        ("triggers", _NEEDED_OF_TRIGGER),
        # Without `nth`, it is the first call: others before it need not happen any more.
        ("faults", _NEEDED_OF_FAULT),
    ):
        for index, item in enumerate(document.get(key, ())):
            paths += [(key, index, name) for name in item if name not in needed]
    for index, campaign in enumerate(document.get("campaigns", ())):
        for number, split in enumerate(campaign.get("splits", ())):
            paths += [("campaigns", index, "splits", number, name) for name in split if name not in _NEEDED_OF_SPLIT]
    return paths


def without_keys(document: Document, paths: Collection[Path]) -> dict[str, Any]:
    """Return the document without the keys at these places, and without values whose entries are all removed."""

    def remove(content: dict[str, Any]) -> None:
        # The last entries of a list first: the places of the others stay the same.
        for path in sorted(paths, reverse=True):
            _remove(content, path)

    return edited(document, remove) if paths else dict(document)


def _remove(content: dict[str, Any], path: Path) -> None:
    *parents, key = path
    place: Any = content
    for parent in parents:
        place = place[parent]
    del place[key]
    if not place and parents:
        _remove(content, tuple(parents))


def individual_keys(document: Document) -> list[tuple[int, str]]:
    """Return the properties of all individuals: position in the list, and key; an attribute as `attributes.NAME`."""
    keys = []
    for index, individual in enumerate(document["audience"].get("individuals", ())):
        keys += [(index, key) for key in individual if key not in {"customer", "attributes", "client"}]
        keys += [(index, f"attributes.{name}") for name in individual.get("attributes", ())]
    return keys


def with_individual_keys(document: Document, kept: Collection[tuple[int, str]]) -> dict[str, Any]:
    """Return the document with these properties of individuals; one without any is drawn like all others."""

    def keep(content: dict[str, Any]) -> None:
        people = []
        for index, individual in enumerate(content["audience"].get("individuals", ())):
            attributes = {
                name: value
                for name, value in individual.get("attributes", {}).items()
                if (index, f"attributes.{name}") in kept
            }
            own = {key: value for key, value in individual.items() if (index, key) in kept}
            if own or attributes:
                fixed = {key: individual[key] for key in ("customer", "client") if key in individual}
                people.append({**fixed, **own, **({"attributes": attributes} if attributes else {})})
        content["audience"]["individuals"] = people

    return edited(document, keep)
