"""Rules about faults: the keys that belong to each kind, and one position each."""

from collections.abc import Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, unknown_name
from sendproof_harness.scenario.fault_kinds import CALL, CALLS, COMMON_KEYS, KINDS, WEBHOOK, WEBHOOKS
from sendproof_harness.scenario.model import ANY, Fault, Scenario
from sendproof_harness.scenario.rules.names import ANY_REQUIRES_PROVIDERS, provider_list
from sendproof_harness.scenario.yaml_source import Document


def faults_are_known(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each kind of fault exists and has the keys and the moment of the file."""
    for index, fault in enumerate(scenario.faults):
        name, path = str(fault["fault"]), ("faults", index)
        if name not in KINDS:
            yield document.diagnostic((*path, "fault"), unknown_name("fault", name, KINDS))
            continue
        kind = KINDS[name]
        for key in fault:
            if key not in COMMON_KEYS and key not in kind.keys:
                known = f"known: {', '.join(kind.keys)}" if kind.keys else "it has no keys of its own"
                yield document.diagnostic((*path, key), f'{name} has no key "{key}"; {known}')
        if fault.get("when", kind.when[0]) not in kind.when:
            message = f"{name} is only possible {kind.when[0]} the request is processed; remove this key"
            yield document.diagnostic((*path, "when"), message)


def faults_have_one_position(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each fault has exactly one call or webhook, and that its kind allows it."""
    for index, fault in enumerate(scenario.faults):
        axes = [axis for axis in (CALL, WEBHOOK) if axis in fault]
        allowed = KINDS[str(fault["fault"])].on if fault["fault"] in KINDS else (CALL, WEBHOOK)
        if len(axes) != 1:
            message = f"expected exactly one position ({' or '.join(allowed)}), got {'both' if axes else 'none'}"
            yield document.diagnostic(("faults", index), message)
        elif axes[0] not in allowed:
            message = f"{fault['fault']} is only possible for a {allowed[0]}; use `{allowed[0]}` instead of `{axes[0]}`"
            yield document.diagnostic(("faults", index, axes[0]), message)
        else:
            yield from _unknown_any(fault, axes[0], document, ("faults", index, axes[0]))


def _unknown_any(fault: Fault, axis: str, document: Document, path: KeyPath) -> Iterator[Diagnostic]:
    """Yield a diagnostic for `any` without a list of providers, or with an unknown name such as `any.sent`."""
    target = str(fault[axis])
    known = [f"{ANY}.{name}" for name in (CALLS if axis == CALL else WEBHOOKS)]
    if target.partition(".")[0] != ANY:
        return
    if not provider_list(document):
        yield document.diagnostic(path, f"expected the name of a service, got any; {ANY_REQUIRES_PROVIDERS}")
    elif target not in known:
        yield document.diagnostic(path, unknown_name("position", target, known))


RULES = (faults_are_known, faults_have_one_position)
