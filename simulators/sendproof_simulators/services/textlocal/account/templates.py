"""Message templates. They are made by hand in the real service's website; here, through the control API.

observed: a placeholder is written %%|NAME^{"inputtype":"text","maxlength":"30"}%% (India). assumed: %%|NAME%% means the
same. Nothing but the caller fills them in. documented: merge fields do not work through the API.
"""

import re
from collections.abc import Mapping

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Template, Templates
from sendproof_simulators.services.textlocal.state import NAME, State

# Eleven digits, as the ids that were seen: beyond 32 bits.
_LOWEST, _SPAN = 10_000_000_000, 89_000_000_000

_BRACES = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_ANY = re.compile(r"%%\|([A-Za-z0-9_ ]+?)(?:\^\{[^}]*\})?%%|" + _BRACES.pattern)


def stored_form(body: str) -> str:
    """`{{NAME}}` becomes the placeholder that Textlocal uses."""
    return _BRACES.sub(r'%%|\1^{"inputtype":"text","maxlength":"30"}%%', body)


def render(body: str, attributes: Mapping[str, str | None]) -> str:
    """The final text: each placeholder becomes the attribute of its name, or nothing when there is no value."""
    return _ANY.sub(lambda found: attributes.get(found[1] or found[2]) or "", body)


def add(state: State, now: Instant, title: str, body: str, id_: int | None = None) -> tuple[Template, Effects]:
    """Make a template; `ValueError` when it has no title or body, or the id is taken."""
    del now
    _check(title, body)
    if id_ is not None and id_ in state.templates:
        raise ValueError(f"expected an id that is not taken, got {id_}: it belongs to {state.templates[id_].title!r}")
    template = Template(id=id_ if id_ is not None else _draw(state, title), title=title, body=stored_form(body))
    return template, _kept(state, template, "created")


def change(
    state: State, now: Instant, id_: str, title: str | None = None, body: str | None = None
) -> tuple[Template, Effects]:
    """Give a template another title or body; None leaves it as it is. `KeyError` when there is no such template."""
    del now
    old = _find(state, id_)
    new = Template(
        id=old.id,
        title=old.title if title is None else title,
        body=old.body if body is None else stored_form(body),
    )
    _check(new.title, new.body)
    return new, _kept(state, new, "changed" if new.body != old.body else "renamed")


def delete(state: State, now: Instant, id_: str) -> Effects:
    """Delete a template for good; `KeyError` when there is no such template."""
    del now
    template = _find(state, id_)
    del state.templates[int(template.id)]
    return Effects(entries=(_fact("deleted", template),))


def _everything(state: State) -> tuple[Template, ...]:
    return tuple(state.templates.values())


TEMPLATES = Templates(all=_everything, add=add, change=change, delete=delete, render=render)


def _check(title: str, body: str) -> None:
    if not title.strip() or not body.strip():
        raise ValueError(f"expected a title and a body, got {title!r} and {body!r}")


def _find(state: State, id_: str) -> Template:
    template = state.templates.get(int(id_)) if str(id_).isdecimal() else None
    if template is None:
        held = ", ".join(map(str, state.templates)) or "none"
        raise KeyError(f"expected the id of a template ({held}), got {id_!r}")
    return template


def _draw(state: State, title: str) -> int:
    state.titles[title] += 1
    attempt = 0
    while True:
        drawn = _LOWEST + state.random.below(_SPAN, NAME, "template", title, state.titles[title], attempt)
        if drawn not in state.templates:
            return drawn
        attempt += 1


def _kept(state: State, template: Template, action: str) -> Effects:
    state.templates[int(template.id)] = template
    return Effects(entries=(_fact(action, template),))


def _fact(action: str, template: Template) -> JournalEntry:
    fields = {"service": NAME, "action": action, "id": template.id, "title": template.title, "body": template.body}
    return JournalEntry(kind="provider_template", fields=fields)
