"""The operations of `control.yaml` on the templates of a message provider."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sendproof_simulators.control.call import ControlCall, ControlContext, ControlError, attempt, record_action
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.messaging.message_types import MESSAGE_TYPES, SMS
from sendproof_simulators.core.simulator import Template, Templates
from sendproof_simulators.core.suggestions import suggestion

# `{{` without a name and `}}` behind it, with the beginning of the name as the group.
_UNCLOSED = re.compile(r"\{\{(?![^{}]+\}\})\}?\}?([^{}]{0,30})")
# Of a text that is no HTML. The contract states it in words only, as its bound on the body is that of HTML.
_MOST_CHARACTERS = 2000


async def list_templates(call: ControlCall) -> Response:
    """List the templates of a provider."""
    templates, state = _templates_and_state(call)
    return json_response([_template_json(template) for template in templates.all(state)])


async def add_templates(call: ControlCall) -> Response:
    """Add templates to a provider, all of them or none."""
    templates, state = _templates_and_state(call)
    titles = [fields["title"] for fields in call.body]
    taken = {template.title for template in templates.all(state)} & set(titles)
    if taken or len(set(titles)) < len(titles):
        names = ", ".join(map(repr, sorted(taken or titles)))
        raise ControlError(409, f"expected a title that no template of the provider has, got {names}; choose another")
    added = [_add_template(call, fields) for fields in call.body]
    record_action(call, "addTemplates")
    return json_response(added, status=201)


def _add_template(call: ControlCall, fields: Mapping[str, Any]) -> dict[str, object]:
    templates, state = _templates_and_state(call)
    _check_placeholders(fields)
    new = Template(
        id=fields.get("id", 0),
        title=fields["title"],
        body=fields["body"],
        message=fields.get("message", SMS),
        heading=fields.get("heading", ""),
    )
    template, effects = attempt(lambda: _added(templates, state, call.now, new))
    call.sandbox.apply(call.params["service"], effects)
    return _template_json(template)


def _added(templates: Templates, state: Any, now: Instant, new: Template) -> tuple[Template, Effects]:
    """Add a template; raise `ValueError` if the provider has no messages of its type, or these have no heading."""
    if new.message not in templates.message_types:
        raise ValueError(f"expected message to be {' or '.join(sorted(templates.message_types))}, got {new.message!r}")
    if new.heading and not MESSAGE_TYPES[new.message].has_heading:
        raise ValueError(f"expected no heading: {MESSAGE_TYPES[new.message].title} has none")
    if not MESSAGE_TYPES[new.message].is_html and len(new.body) > _MOST_CHARACTERS:
        raise ValueError(f"expected a body of at most {_MOST_CHARACTERS} characters, got {len(new.body)}")
    if MESSAGE_TYPES[new.message].is_html and not new.heading.strip():
        raise ValueError(f"expected heading, the subject of an {MESSAGE_TYPES[new.message].title}")
    if templates.add_typed is None or new.message == SMS:
        return templates.add(state, now, new.title, new.body, int(new.id) or None)
    return templates.add_typed(state, now, new)


async def change_template(call: ControlCall) -> Response:
    """Change the title or the text of a template."""
    templates, state = _templates_and_state(call)
    fields, id_ = call.body, call.params["template"]
    _check_placeholders(fields)
    template, effects = attempt(lambda: templates.change(state, call.now, id_, fields.get("title"), fields.get("body")))
    call.sandbox.apply(call.params["service"], effects)
    return json_response(_template_json(template))


async def delete_template(call: ControlCall) -> Response:
    """Delete a template at its provider."""
    templates, state = _templates_and_state(call)
    effects = attempt(lambda: templates.delete(state, call.now, call.params["template"]))
    call.sandbox.apply(call.params["service"], effects)
    return Response(status=204, content_type="")


def _check_placeholders(fields: Mapping[str, Any]) -> None:
    """Refuse a text with a placeholder that does not end, or has no name: no provider would fill it in."""
    for part in ("heading", "body"):
        found = _UNCLOSED.search(fields.get(part, ""))
        if found is None:
            continue
        hint = "close it with }}" if found[1] else "give it a name"
        raise ControlError(409, f"{part}: expected a placeholder such as {{{{FIRST_NAME}}}}, got {found[0]!r}; {hint}")


def message_providers(control: ControlContext) -> dict[str, Templates]:
    """Return the templates of each message provider: only these services have any."""
    simulators = control.simulators.items()
    return {name: simulator.templates for name, simulator in simulators if simulator.templates is not None}


def templates_of(call: ControlCall, name: str) -> Templates:
    """Return the templates of a message provider; 404 for any other service."""
    providers = message_providers(call.control)
    if name not in providers:
        raise ControlError(404, f"{name!r} is not a message provider; {suggestion(name, providers)}")
    return providers[name]


def placeholder_names(templates: Templates, body: str) -> Sequence[str]:
    """Return the names of the placeholders of a text, in the syntax of its provider."""
    values = _RequestedValues()
    templates.render(body, values)
    return tuple(values.names)


class _RequestedValues(Mapping[str, None]):
    """A customer without a value, who notes which values a provider looks for."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> None:
        self.names[name] = None
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _templates_and_state(call: ControlCall) -> tuple[Templates, Any]:
    sandbox = call.sandbox
    return templates_of(call, call.params["service"]), sandbox.states[call.params["service"]]


def _template_json(template: Template) -> dict[str, object]:
    content: dict[str, object] = {"id": template.id, "title": template.title, "body": template.body}
    if template.message == SMS:
        return content
    return content | {"message": template.message} | ({"heading": template.heading} if template.heading else {})
