"""Custom templates: an id of eight letters and digits, a name, and a text with variables.

documented: the form of the id, https://docs.delivyr.net/docs/customer-io; that a synchronised template is named
`<id> - <name>`: read off the sample event of https://docs.delivyr.net/docs/optimove-triggered-overrides.
assumed: that a variable in a text is written `{{name}}`.
"""

import re
from collections.abc import Mapping

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.http import json_response
from sendproof_simulators.core.simulator import Call, Template, Templates
from sendproof_simulators.services.delivyr.auth import for_account
from sendproof_simulators.services.delivyr.state import NAME, State

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
ID_LENGTH = 8
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,100})\s*\}\}")


@for_account
def list_templates(call: Call) -> Effects:
    """List every template (assumed: Delivyr's own integration reads them internally)."""
    templates = [
        {
            "id": str(template.id),
            "name": template.title,
            "synchronised_name": synchronised_name(template),
            "body": template.body,
            "variables": list(variables_of(template.body)),
            "url": call.state.template_urls.get(template.id),
        }
        for template in call.state.templates.values()
    ]
    return Effects(response=json_response({"templates": templates}), summary={"templates": len(templates)})


def variables_of(body: str) -> tuple[str, ...]:
    """Return the distinct names of a text's variables, in order of appearance."""
    return tuple(dict.fromkeys(_VARIABLE.findall(body)))


def render(body: str, values: Mapping[str, str | None]) -> str:
    """Return the text for one recipient; a variable without a value is replaced by nothing."""
    return _VARIABLE.sub(lambda match: values.get(match[1]) or "", body)


def synchronised_name(template: Template) -> str:
    """Return the name of the template in Optimove, from which the receiver of an event finds its own template."""
    return f"{template.id} - {template.title}"


def id_in_name(name: str) -> str | None:
    """Return the template id in a name of Optimove, or None."""
    id_, separator, _ = name.partition(" - ")
    return id_ if separator and len(id_) == ID_LENGTH and set(id_) <= set(_ALPHABET) else None


def add(state: State, now: Instant, title: str, body: str, id_: int | None = None) -> tuple[Template, Effects]:
    """Create a template; raise `ValueError` without a title or a body, or for an id, which only Delivyr assigns."""
    del now
    if id_ is not None:
        raise ValueError(f"expected no id, because Delivyr assigns eight letters and digits, got {id_}; leave it out")
    _check(title, body)
    template = Template(id=_drawn_id(state, title), title=title, body=body)
    return template, _store(state, template, "created")


def change(
    state: State, now: Instant, id_: str, title: str | None = None, body: str | None = None
) -> tuple[Template, Effects]:
    """Change the name or text of a template; None keeps it. Raise `KeyError` if the template does not exist."""
    del now
    old = _template(state, id_)
    new = Template(id=old.id, title=old.title if title is None else title, body=old.body if body is None else body)
    _check(new.title, new.body)
    return new, _store(state, new, "changed" if new.body != old.body else "renamed")


def delete(state: State, now: Instant, id_: str) -> Effects:
    """Delete a template permanently; raise `KeyError` if it does not exist."""
    del now
    template = _template(state, id_)
    del state.templates[id_]
    state.template_urls.pop(id_, None)
    return Effects(entries=(_journal_entry("deleted", template),))


def _all_templates(state: State) -> tuple[Template, ...]:
    return tuple(state.templates.values())


TEMPLATES = Templates(all=_all_templates, add=add, change=change, delete=delete, render=render)


def _check(title: str, body: str) -> None:
    if not title.strip() or not body.strip():
        raise ValueError(f"expected a title and a body, got {title!r} and {body!r}")


def _template(state: State, id_: str) -> Template:
    if id_ not in state.templates:
        known = ", ".join(state.templates) or "none"
        raise KeyError(f"expected the id of a template ({known}), got {id_!r}")
    return state.templates[id_]


def _drawn_id(state: State, title: str) -> str:
    attempt = 0
    while True:
        id_ = "".join(
            _ALPHABET[state.random.below(len(_ALPHABET), NAME, "template", title, attempt, position)]
            for position in range(ID_LENGTH)
        )
        if id_ not in state.templates:
            return id_
        attempt += 1


def _store(state: State, template: Template, action: str) -> Effects:
    state.templates[str(template.id)] = template
    return Effects(entries=(_journal_entry(action, template),))


def _journal_entry(action: str, template: Template) -> JournalEntry:
    fields = {"service": NAME, "action": action, "id": template.id, "title": template.title, "body": template.body}
    return JournalEntry(kind="provider_template", fields=fields)
