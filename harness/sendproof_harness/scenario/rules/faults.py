"""Rules about faults: each has the keys that belong to it, and one place."""

from collections.abc import Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, suggestion
from sendproof_harness.scenario.fault_kinds import CALL, CALLS, COMMON_KEYS, KINDS, WEBHOOK, WEBHOOKS
from sendproof_harness.scenario.model import ANY, Fault, Scenario
from sendproof_harness.scenario.rules.names import providers_of
from sendproof_harness.scenario.yaml_source import Document


def faults_are_known(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """The name is one of the list, and so is every key."""
    for index, fault in enumerate(scenario.faults):
        name, place = str(fault["fault"]), ("faults", index)
        if name not in KINDS:
            yield document.diagnostic((*place, "fault"), f'there is no fault "{name}"; {suggestion(name, list(KINDS))}')
            continue
        kind = KINDS[name]
        for key in fault:
            if key not in COMMON_KEYS and key not in kind.keys:
                has = f"it has {', '.join(kind.keys)}" if kind.keys else "it has no keys of its own"
                yield document.diagnostic((*place, key), f"{name} has no {key}; {has}")
        if fault.get("when", kind.when[0]) not in kind.when:
            yield document.diagnostic((*place, "when"), f"{name} strikes {kind.when[0]} the effect only; leave it out")


def faults_have_one_place(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Exactly one call or webhook, of the sort that the fault is for."""
    for index, fault in enumerate(scenario.faults):
        named = [axis for axis in (CALL, WEBHOOK) if axis in fault]
        allowed = KINDS[str(fault["fault"])].on if fault["fault"] in KINDS else (CALL, WEBHOOK)
        if len(named) != 1:
            got = "both" if named else "neither"
            message = f"expected exactly one place, {' or '.join(allowed)}, got {got}"
            yield document.diagnostic(("faults", index), message)
        elif named[0] not in allowed:
            message = f"{fault['fault']} strikes a {allowed[0]}; name one in place of the {named[0]}"
            yield document.diagnostic(("faults", index, named[0]), message)
        else:
            yield from _any_is_known(fault, named[0], document, ("faults", index, named[0]))


def _any_is_known(fault: Fault, axis: str, document: Document, place: KeyPath) -> Iterator[Diagnostic]:
    service, _, name = str(fault[axis]).partition(".")
    known = [f"{ANY}.{one}" for one in (CALLS if axis == CALL else WEBHOOKS)]
    if service != ANY:
        return
    if not providers_of(document):
        message = f"expected the name of a service; {ANY} needs a list of `providers` at the top of the file"
        yield document.diagnostic(place, message)
    elif f"{ANY}.{name}" not in known:
        said = f"{ANY}.{name}"
        yield document.diagnostic(place, f'"{said}" is not the same at every provider; {suggestion(said, known)}')


RULES = (faults_are_known, faults_have_one_place)
