"""Message templates. Users of the real service create them on its website. Here the control API does.

observed: a placeholder is written %%|NAME^{"inputtype":"text","maxlength":"30"}%% (India). assumed: %%|NAME%% means the
same. documented: merge fields do not work through the API, so only the caller fills in placeholders.
"""

import re
from collections.abc import Mapping

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Template, Templates
from sendproof_simulators.services.textlocal.state import NAME, State

# Eleven digits, as in the observed ids: above 32 bits.
_LOWEST, _SPAN = 10_000_000_000, 89_000_000_000

# Characters: more than the longest message.
_LONGEST_VALUE = 2_000

_BRACES = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
# The properties of a placeholder begin no other: a text with very many beginnings takes no longer than others.
_PLACEHOLDER = re.compile(r"%%\|([A-Za-z0-9_ ]++)(?:\^\{(?:(?!%%\|)[^}])*+\})?%%|" + _BRACES.pattern)


def stored_form(body: str) -> str:
    """Return the text with Textlocal's placeholders in place of `{{NAME}}`."""
    return _BRACES.sub(r'%%|\1^{"inputtype":"text","maxlength":"30"}%%', body)


def render(body: str, attributes: Mapping[str, str | None]) -> str:
    """Return the text with each placeholder replaced by the attribute of its name, or "" without a value.

    An attribute of megabytes is cut: the text is too long in any case.
    """
    return _PLACEHOLDER.sub(lambda match: (attributes.get(match[1] or match[2]) or "")[:_LONGEST_VALUE], body)


def add(state: State, now: Instant, title: str, body: str, id_: int | None = None) -> tuple[Template, Effects]:
    """Create a template; raise `ValueError` if title or body is empty, or the id is taken."""
    del now
    _check(title, body)
    if id_ is not None and id_ in state.templates:
        raise ValueError(f"expected an unused id, got {id_}, the id of {state.templates[id_].title!r}")
    template = Template(id=id_ if id_ is not None else _drawn_id(state, title), title=title, body=stored_form(body))
    return template, _store(state, template, "created")


def change(
    state: State, now: Instant, id_: str, title: str | None = None, body: str | None = None
) -> tuple[Template, Effects]:
    """Change the title or body of a template; None keeps it. Raise `KeyError` if the template does not exist."""
    del now
    old = _template(state, id_)
    new = Template(
        id=old.id,
        title=old.title if title is None else title,
        body=old.body if body is None else stored_form(body),
    )
    _check(new.title, new.body)
    return new, _store(state, new, "changed" if new.body != old.body else "renamed")


def delete(state: State, now: Instant, id_: str) -> Effects:
    """Delete a template permanently; raise `KeyError` if it does not exist."""
    del now
    template = _template(state, id_)
    del state.templates[int(template.id)]
    return Effects(entries=(_journal_entry("deleted", template),))


def _all_templates(state: State) -> tuple[Template, ...]:
    return tuple(state.templates.values())


TEMPLATES = Templates(all=_all_templates, add=add, change=change, delete=delete, render=render)


def _check(title: str, body: str) -> None:
    if not title.strip() or not body.strip():
        raise ValueError(f"expected a title and a body, got {title!r} and {body!r}")


def _template(state: State, id_: str) -> Template:
    template = state.templates.get(int(id_)) if str(id_).isdecimal() else None
    if template is None:
        known = ", ".join(map(str, state.templates)) or "none"
        raise KeyError(f"expected the id of a template ({known}), got {id_!r}")
    return template


def _drawn_id(state: State, title: str) -> int:
    state.title_counts[title] += 1
    attempt = 0
    while True:
        id_ = _LOWEST + state.random.below(_SPAN, NAME, "template", title, state.title_counts[title], attempt)
        if id_ not in state.templates:
            return id_
        attempt += 1


def _store(state: State, template: Template, action: str) -> Effects:
    state.templates[int(template.id)] = template
    return Effects(entries=(_journal_entry(action, template),))


def _journal_entry(action: str, template: Template) -> JournalEntry:
    fields = {"service": NAME, "action": action, "id": template.id, "title": template.title, "body": template.body}
    return JournalEntry(kind="provider_template", fields=fields)
