"""The changes of dialects: of the possible behaviours where the documents of a service leave a question open."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, RISKY, Change

#: The dialects of each service, as `sendproof dialects --json` prints them. The first option is the default.
Dialects = Mapping[str, Sequence[Mapping[str, Any]]]
CONTRACT = "dialects"


def dialect_changes(old: Dialects, new: Dialects) -> Iterator[Change]:
    """Yield the changes of the dialects of all services."""
    before, after = _by_name(old), _by_name(new)
    for name in (*before, *(name for name in after if name not in before)):
        if name not in after:
            yield _change(RISKY, name, "dialect removed", old=_question(before[name]))
        elif name not in before:
            yield _change(RISKY, name, "dialect added", new=_question(after[name]))
        else:
            yield from _options(name, before[name], after[name])


def default_options(dialects: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the default of each dialect of a service, as `name=option`."""
    return frozenset(f"{dialect['name']}={dialect['options'][0]['value']}" for dialect in dialects)


def _options(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before = {str(option["value"]): option for option in old["options"]}
    after = {str(option["value"]): option for option in new["options"]}
    default, new_default = next(iter(before)), next(iter(after))
    if default != new_default:
        yield _change(BREAKING, name, "default", default, new_default)
    for value in (value for value in before if value not in after):
        yield _change(RISKY, name, "option removed", old=value)
    for value in (value for value in after if value not in before):
        yield _change(RISKY, name, "option added", new=f"{value}: {after[value]['meaning']}")
    for value in (value for value in before if value in after):
        for part, severity in (("meaning", RISKY), ("evidence", HARMLESS)):
            was, is_now = before[value].get(part, ""), after[value].get(part, "")
            if was != is_now:
                yield _change(severity, name, f"{part} of {value}", was, is_now)


def _by_name(dialects: Dialects) -> dict[str, Mapping[str, Any]]:
    return {f"{service}.{dialect['name']}": dialect for service, found in dialects.items() for dialect in found}


def _question(dialect: Mapping[str, Any]) -> str:
    return str(dialect["question"])


def _change(severity: str, name: str, what: str, old: str = "", new: str = "") -> Change:
    return Change(severity=severity, contract=CONTRACT, operation=name, what=what, old=old, new=new)
