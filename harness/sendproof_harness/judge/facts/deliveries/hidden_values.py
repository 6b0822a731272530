"""Values of triggered messages that no bridge can know: event 11 leaves them out, and the key may not read them."""

from collections.abc import Callable, Mapping

from sendproof_harness.history.records import History, Obligation
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.templates import due_template
from sendproof_harness.judge.findings import cached_per_history

_LOOK_UP = "GetCustomerAttributes"
_NOT_PERMITTED = frozenset({401, 403})


def hidden_cause(names: tuple[str, ...]) -> str:
    """Return the cause of a finding about a message that needs these attributes."""
    return f"event 11 leaves out {', '.join(names)}, and the bridge's key may not read it"


def hidden_remedy(names: tuple[str, ...]) -> str:
    """Return what to do about such a message."""
    return f"let event 11 contain {', '.join(names)}, or add it to the attributes that the bridge's key may read"


@cached_per_history
def hidden_values(history: History) -> Callable[[Obligation], tuple[str, ...]]:
    """Return a function that gives the attributes which a triggered message needs and no bridge can know."""
    unreadable, excluded = _unreadable(history), _excluded(history)

    def hidden(obligation: Obligation) -> tuple[str, ...]:
        left_out = excluded.get((obligation.trigger, obligation.campaign, obligation.channel), frozenset())
        if not left_out:
            return ()
        template, special = due_template(history, obligation), history.header.attributes
        decides = any(scenario.consent == "attribute" for scenario in history.scenarios)
        needed = [
            special.phone,
            *([special.consent] if decides else []),
            *(template.text.names if template is not None else ()),
        ]
        return tuple(dict.fromkeys(name for name in needed if name.lower() in left_out and unreadable(name.lower())))

    return hidden


def _excluded(history: History) -> Mapping[tuple[str | None, int, int], frozenset[str]]:
    return {
        (trigger.trigger, trigger.campaign, trigger.channel): frozenset(name.lower() for name in trigger.excluded)
        for trigger in history.triggers
        if trigger.excluded
    }


def _unreadable(history: History) -> Callable[[str], bool]:
    """Return a function that returns True if no lookup of the bridge could return an attribute."""
    look_ups = [
        request for request in history.requests if request.operation == _LOOK_UP and request.credential == "known"
    ]
    answered = [request for request in look_ups if is_success(request.status)]
    if look_ups and not answered and all(request.status in _NOT_PERMITTED for request in look_ups):
        return lambda _: True
    scopes = [{str(name).lower() for name in (request.summary or {}).get("outside_scope", ())} for request in answered]
    return lambda name: bool(scopes) and all(name in scope for scope in scopes)
