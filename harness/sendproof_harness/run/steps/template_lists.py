"""The templates that the channels list, compared with those of their providers.

They are synchronized if each channel lists exactly its provider's templates for its type of messages: each under the
provider's id, or under a name that contains the title.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sendproof_harness.run.context import RunContext
from sendproof_harness.scenario.model import SMS


def template_differences(context: RunContext, sandbox: str) -> list[str]:
    """Return the differences between the templates of the channels and those of their providers, in words."""
    listed = context.control.state(sandbox)["channel_templates"]
    return [
        difference
        for channel in context.scenario.channels
        for difference in channel_differences(
            channel.id,
            titles_of(context.control.templates(sandbox, channel.provider), channel.message),
            {str(entry["id"]): str(entry["name"]) for entry in listed.get(str(channel.id), ())},
        )
    ]


def titles_of(templates: Iterable[Mapping[str, Any]], message: str) -> Mapping[str, str]:
    """Return the ids of a provider's templates for one type of messages, by title."""
    return {template["title"]: str(template["id"]) for template in templates if template.get("message", SMS) == message}


def channel_differences(channel: int, titles: Mapping[str, str], names: Mapping[str, str]) -> Iterator[str]:
    """Yield the differences between `titles`, the ids of the provider's templates, and `names`, those listed by id."""
    subject = f"channel {channel}"
    for title, id_ in titles.items():
        name = names.get(id_)
        if name is None and not any(title in other for other in names.values()):
            yield f"{subject} lacks {title!r}"
        elif name is not None and title not in name:
            yield f"{subject} lists {title!r} as {name!r}"
    for id_, name in names.items():
        if id_ not in titles.values() and not any(title in name for title in titles):
            yield f"{subject} still lists {name!r}"
