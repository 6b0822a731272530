"""The templates of the client: a subject and HTML, with variables such as `{{FIRST_NAME}}`. assumed, all of it."""

import re
from collections.abc import Mapping

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.http import json_response
from sendproof_simulators.core.messaging.message_types import EMAIL
from sendproof_simulators.core.simulator import Call, Template, Templates
from sendproof_simulators.services.smtp.auth import for_user
from sendproof_simulators.services.smtp.state import NAME, State

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,100})\s*\}\}")
_LONGEST_SUBJECT, _LONGEST_HTML = 200, 100_000


@for_user
def list_templates(call: Call) -> Effects:
    """List every template."""
    rows = [
        {"id": template.id, "title": template.title, "subject": template.heading, "html": template.body}
        for template in call.state.templates.values()
    ]
    return Effects(response=json_response({"templates": rows}), summary={"templates": len(rows)})


def render(body: str, values: Mapping[str, str | None]) -> str:
    """Return the text for one recipient; a variable without a value is replaced by nothing."""
    return _VARIABLE.sub(lambda match: values.get(match[1]) or "", body)


def add(state: State, now: Instant, title: str, body: str, id_: int | None = None) -> tuple[Template, Effects]:
    """Raise `ValueError`: a relay sends no texts."""
    del state, now, title, body, id_
    raise ValueError("expected a template with `message: email`, got one for texts; SMTP carries e-mails only")


def add_typed(state: State, now: Instant, template: Template) -> tuple[Template, Effects]:
    """Create a template of an e-mail; raise `ValueError` for another type, an empty part, or an id that exists."""
    del now
    if template.message != EMAIL:
        raise ValueError(f"expected a template with `message: {EMAIL}`, got {template.message}")
    id_ = int(template.id) or max(state.templates, default=0) + 1
    if id_ in state.templates:
        raise ValueError(f"expected an unused id, got {id_}")
    return _store(state, _checked(id_, template.title, template.heading, template.body), "created")


def change(
    state: State, now: Instant, id_: str, title: str | None = None, body: str | None = None
) -> tuple[Template, Effects]:
    """Change the title or the HTML of a template; None keeps it. Raise `KeyError` if the template does not exist."""
    del now
    old = _template(state, id_)
    new = _checked(int(old.id), old.title if title is None else title, old.heading, old.body if body is None else body)
    return _store(state, new, "changed" if new.body != old.body else "renamed")


def delete(state: State, now: Instant, id_: str) -> Effects:
    """Delete a template permanently; raise `KeyError` if it does not exist."""
    del now
    template = _template(state, id_)
    del state.templates[int(template.id)]
    return Effects(entries=(_entry("deleted", template),))


def _all_templates(state: State) -> tuple[Template, ...]:
    return tuple(state.templates.values())


TEMPLATES = Templates(
    all=_all_templates,
    add=add,
    change=change,
    delete=delete,
    render=render,
    add_typed=add_typed,
    message_types=frozenset({EMAIL}),
)


def _checked(id_: int, title: str, subject: str, html: str) -> Template:
    if not (title.strip() and subject.strip() and html.strip()):
        raise ValueError(
            f"expected a title, a subject and HTML, got {title!r:.100}, {subject!r:.100} and {html!r:.100}"
        )
    if len(subject) > _LONGEST_SUBJECT or len(html) > _LONGEST_HTML or "\n" in subject:
        raise ValueError(
            f"expected a subject of one line and {_LONGEST_SUBJECT} characters, and HTML of {_LONGEST_HTML:,}, at most"
        )
    return Template(id=id_, title=title, body=html, message=EMAIL, heading=subject)


def _template(state: State, id_: str) -> Template:
    found = state.templates.get(int(id_)) if id_.isdecimal() and len(id_) < 10 else None  # noqa: PLR2004 - ids are short
    if found is None:
        known = ", ".join(map(str, state.templates)) or "none"
        raise KeyError(f"expected the id of a template ({known}), got {id_!r}")
    return found


def _store(state: State, template: Template, action: str) -> tuple[Template, Effects]:
    state.templates[int(template.id)] = template
    return template, Effects(entries=(_entry(action, template),))


def _entry(action: str, template: Template) -> JournalEntry:
    fields = {
        "service": NAME,
        "action": action,
        "id": template.id,
        "title": template.title,
        "body": template.whole_body,
        "message": EMAIL,
    }
    return JournalEntry(kind="provider_template", fields=fields)
