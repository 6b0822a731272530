"""The templates that the channels list, compared with those of their providers.

They are synchronized if each channel lists exactly its provider's templates for its type of messages: each under the
provider's id, or under a name that contains the title.
"""

from sendproof_harness.run.context import RunContext
from sendproof_harness.scenario.model import SMS


def template_differences(context: RunContext, sandbox: str) -> list[str]:
    """Return the differences between the templates of the channels and those of their providers, in words."""
    differences, listed = [], context.control.state(sandbox)["channel_templates"]
    for channel in context.scenario.channels:
        templates = context.control.templates(sandbox, channel.provider)
        titles = {
            template["title"]: str(template["id"])
            for template in templates
            if template.get("message", SMS) == channel.message
        }
        names = {str(entry["id"]): str(entry["name"]) for entry in listed.get(str(channel.id), ())}
        subject = f"channel {channel.id}"
        for title, id_ in titles.items():
            name = names.get(id_)
            if name is None and not any(title in other for other in names.values()):
                differences.append(f"{subject} lacks {title!r}")
            elif name is not None and title not in name:
                differences.append(f"{subject} lists {title!r} as {name!r}")
        for id_, name in names.items():
            if id_ not in titles.values() and not any(title in name for title in titles):
                differences.append(f"{subject} still lists {name!r}")
    return differences
