"""Custom templates: an id of eight letters and digits, a name, a text with variables.

documented: the form of the id, https://docs.delivyr.net/docs/customer-io; that a synchronised template is named
`<id> - <name>`: read off the sample event of https://docs.delivyr.net/docs/optimove-triggered-overrides.
assumed: that a variable stands in a text as `{{name}}`.
"""

import re
from collections.abc import Mapping

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Template, Templates
from sendproof_simulators.services.delivyr.state import NAME, State

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
ID_LENGTH = 8
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,100})\s*\}\}")


def variables_of(body: str) -> tuple[str, ...]:
    """The names of a text's variables, in the order in which they first stand in it."""
    return tuple(dict.fromkeys(_VARIABLE.findall(body)))


def render(body: str, values: Mapping[str, str | None]) -> str:
    """The text for one recipient: each variable becomes its value, or nothing when it has none."""
    return _VARIABLE.sub(lambda found: values.get(found[1]) or "", body)


def synchronised_name(template: Template) -> str:
    """How the template is called in Optimove: the receiver of an event finds its own template by it."""
    return f"{template.id} - {template.title}"


def id_in_name(name: str) -> str | None:
    """The template's id that a name in Optimove carries, or None."""
    id_, separator, _ = name.partition(" - ")
    return id_ if separator and len(id_) == ID_LENGTH and set(id_) <= set(_LETTERS) else None


def add(state: State, now: Instant, title: str, body: str, id_: int | None = None) -> tuple[Template, Effects]:
    """Make a template; `ValueError` without a title or a body, or with an id, which only Delivyr gives."""
    del now
    if id_ is not None:
        raise ValueError(f"expected no id, as Delivyr draws eight letters and digits, got {id_}; leave it out")
    _check(title, body)
    template = Template(id=_draw(state, title), title=title, body=body)
    return template, _kept(state, template, "created")


def change(
    state: State, now: Instant, id_: str, title: str | None = None, body: str | None = None
) -> tuple[Template, Effects]:
    """Give a template another name or text; None leaves it as it is. `KeyError` when there is no such template."""
    del now
    old = _find(state, id_)
    new = Template(id=old.id, title=old.title if title is None else title, body=old.body if body is None else body)
    _check(new.title, new.body)
    return new, _kept(state, new, "changed" if new.body != old.body else "renamed")


def delete(state: State, now: Instant, id_: str) -> Effects:
    """Delete a template for good; `KeyError` when there is no such template."""
    del now
    template = _find(state, id_)
    del state.templates[id_]
    state.urls.pop(id_, None)
    return Effects(entries=(_fact("deleted", template),))


def _everything(state: State) -> tuple[Template, ...]:
    return tuple(state.templates.values())


TEMPLATES = Templates(all=_everything, add=add, change=change, delete=delete, render=render)


def _check(title: str, body: str) -> None:
    if not title.strip() or not body.strip():
        raise ValueError(f"expected a title and a body, got {title!r} and {body!r}")


def _find(state: State, id_: str) -> Template:
    if id_ not in state.templates:
        held = ", ".join(state.templates) or "none"
        raise KeyError(f"expected the id of a template ({held}), got {id_!r}")
    return state.templates[id_]


def _draw(state: State, title: str) -> str:
    attempt = 0
    while True:
        drawn = "".join(
            _LETTERS[state.random.below(len(_LETTERS), NAME, "template", title, attempt, place)]
            for place in range(ID_LENGTH)
        )
        if drawn not in state.templates:
            return drawn
        attempt += 1


def _kept(state: State, template: Template, action: str) -> Effects:
    state.templates[str(template.id)] = template
    return Effects(entries=(_fact(action, template),))


def _fact(action: str, template: Template) -> JournalEntry:
    fields = {"service": NAME, "action": action, "id": template.id, "title": template.title, "body": template.body}
    return JournalEntry(kind="provider_template", fields=fields)
