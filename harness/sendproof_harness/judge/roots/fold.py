"""Folding: each finding that follows from a root cause moves below it, so that one cause is one finding.

Nothing disappears. A check with folded findings only is `unknown`: it saw nothing that the root does not explain. The
root itself stays a failure, so no verdict improves by folding.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import Finding
from sendproof_harness.judge.roots.absences import absence
from sendproof_harness.judge.roots.causes import root_causes
from sendproof_harness.judge.roots.root import Root

#: Check and cause of a finding.
RootKey = tuple[str, str]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Folded:
    """The findings of each check that `remain` and that `follow`, and those below each root, the deepest root first."""

    remaining: Mapping[str, tuple[Finding, ...]]
    following: Mapping[str, tuple[Finding, ...]]
    consequences: Mapping[RootKey, tuple[Finding, ...]]


def fold(history: History, findings: Iterable[Finding]) -> Folded:
    """Fold the findings of all checks."""
    every = tuple(findings)
    owners = _owners(history, every)
    remaining: defaultdict[str, list[Finding]] = defaultdict(list)
    following: defaultdict[str, list[Finding]] = defaultdict(list)
    consequences: dict[RootKey, list[Finding]] = {owner: [] for owner in owners.values()}
    for finding in every:
        root = _root_of(history, finding, owners)
        if root is None:
            remaining[finding.check].append(finding)
        else:
            following[finding.check].append(finding)
            consequences[owners[root]].append(finding)
    return Folded(remaining=_frozen(remaining), following=_frozen(following), consequences=_frozen(consequences))


def _owners(history: History, findings: Sequence[Finding]) -> dict[Root, RootKey]:
    """Return every root with the deepest root that it follows from; that may be itself."""
    owners: dict[Root, RootKey] = {}
    for candidate in root_causes(history, findings):
        own = [finding for finding in findings if (finding.check, finding.cause) == (candidate.check, candidate.cause)]
        deeper = {_root_of(history, finding, owners) for finding in own}
        first = next(iter(deeper), None)
        owners[candidate] = owners[first] if first is not None and len(deeper) == 1 else _key(candidate)
    return owners


def _root_of(history: History, finding: Finding, roots: Iterable[Root]) -> Root | None:
    """Return the first root that a finding follows from; None if it is a root itself, or independent of all."""
    if finding.level == "note":
        return None
    missing = absence(history, finding)
    for root in roots:
        if (finding.check, finding.cause) == _key(root):
            return None
        if finding.check == root.check and finding.cause in root.same_causes:
            return root
        if missing is not None and root.explains(missing):
            return root
    return None


def _key(root: Root) -> RootKey:
    return root.check, root.cause


def _frozen(lists: Mapping[T, list[Finding]]) -> Mapping[T, tuple[Finding, ...]]:
    return {key: tuple(found) for key, found in lists.items()}
