"""A draft as the text of a scenario file, with comments that say what to change."""

from collections.abc import Iterator, Mapping
from typing import Any

from sendproof_harness.scenario.yaml_text import block, flow, scalar
from sendproof_harness.session.draft.draft import Draft, plain_steps

_COMMENTS: Mapping[str, str] = {
    "seed": "All names, numbers and random choices follow from the seed. The same seed gives the same run.",
    "providers": "The scenario runs once with each provider, which takes the place of `any` below.",
    "audience": "The customers. Further keys: outcomes (test numbers), spellings, attributes, individuals.",
    "channels": "The channels of Optimove, and the provider that carries the messages of each.",
    "templates": "The texts that the provider has before the bridge starts. {{NAME}} is an attribute of the customer.",
    "campaigns": "What Optimove announces, and when. A campaign begins with the step `plan`.",
    "triggers": "What a customer does to get a message. A trigger begins with the step `trigger`.",
    "bridge": "What the client requires of the bridge.",
    "dialects": "Answers to open questions about the real services: sendproof dialects",
    "faults": "What goes wrong, and where; `nth` counts from the start of the run. All faults: sendproof faults",
    "steps": "What happens, in order. All keys: sendproof docs reference/scenario-file",
}


def scenario_text(draft: Draft) -> str:
    """Return the file."""
    parts: list[tuple[str, Any]] = [
        ("seed", draft.seed),
        ("starts", draft.starts),
        ("providers", list(draft.providers)),
        ("audience", draft.audience),
        ("channels", draft.channels),
        ("templates", draft.templates),
        ("campaigns", draft.campaigns),
        ("triggers", draft.triggers),
        ("bridge", draft.bridge),
        ("dialects", draft.dialects),
        ("faults", draft.faults),
        *draft.extras.items(),
    ]
    lines = ["sendproof: 1", f"name: {scalar(draft.name)}", f"about: {scalar(draft.about)}"]
    for key, value in parts:
        if value not in ([], (), {}, None):
            lines += ["", *_comment(_COMMENTS.get(key, "")), *block(key, value, "")]
    lines += ["", *_comment(_COMMENTS["steps"]), "steps:", *_steps(draft)]
    return "\n".join(lines) + "\n"


def _steps(draft: Draft) -> Iterator[str]:
    for key, value, comment in plain_steps(draft):
        if key is None:
            yield f"  # {comment}"
        else:
            yield f"  - {key}: {flow(value)}" + (f" # {comment}" if comment else "")


def _comment(text: str) -> list[str]:
    return [f"# {text}"] if text else []
