"""The nearest operation to an unknown address, and what differs: path or method."""

import re
from difflib import SequenceMatcher

from sendproof_simulators.core.contracts import Contract, Operation
from sendproof_simulators.core.http import Request

# Below this similarity (0 to 1), another path is no help.
_SIMILAR = 0.55
# No path of a contract is as long, and the time of a comparison grows with the length.
_LONGEST = 400
_VALUE = re.compile(r"\{[^}]+\}")
# The method that a request with another one probably meant, if the path has several.
_RELATED = {"PUT": "POST", "PATCH": "POST", "HEAD": "GET"}


def nearest_operation(contract: Contract, request: Request) -> Operation | None:
    """Return the operation with the most similar path; the same method decides between equal paths."""

    def similarity(operation: Operation) -> tuple[float, int]:
        same = operation.method == request.method
        related = operation.method == _RELATED.get(request.method)
        return _path_similarity(operation.path, request.path), 2 * same + related

    best = max(contract.operations.values(), key=similarity, default=None)
    return best if best is not None and similarity(best)[0] >= _SIMILAR else None


def address_difference(contract: Contract, request: Request, meant: Operation | None) -> str:
    """Return what differs from the address of the operation, None if no operation is near."""
    methods = contract.methods_of(request.path)
    if methods and meant is not None:
        return f"you sent {request.method}, {meant.id} is {' or '.join(methods)} {meant.path}"
    if meant is None:
        return "no such path"
    hint = _path_hint(meant.path, request.path)
    return f"no such path; nearest: {meant.method} {meant.path}" + (f" ({hint})" if hint else "")


def _path_similarity(path: str, requested: str) -> float:
    """Compare two paths, and their last segments alone: clients often forget a prefix."""
    if len(requested) > _LONGEST:
        return 0.0
    if _is_same(_segments(path), _segments(requested)) or _path_hint(path, requested):
        return 1.0
    whole = _ratio(path.lower(), requested.lower())
    last = _ratio(_segments(path)[-1].lower(), _segments(requested)[-1].lower())
    return max(whole, 0.95 * last)


def _ratio(path: str, requested: str) -> float:
    """Return the similarity of two texts; 0 if a quick look shows that it is below the least."""
    matcher = SequenceMatcher(None, path, requested)
    return matcher.ratio() if matcher.quick_ratio() >= _SIMILAR else 0.0


def _path_hint(path: str, requested: str) -> str:
    """Return the only difference between two paths in words, "" if there are others."""
    right, sent = _segments(path), _segments(requested)
    if sent == right or not any(sent) or not any(right):
        return ""
    more = len(sent) - len(right)
    hints = (
        (_is_same(sent, right), "paths match in this case only"),
        ("" in sent and _is_same([part for part in sent if part], right), "with one slash between its parts"),
        (more > 0 and _is_same(sent[more:], right), f"without /{_shown(sent[:more])} in front"),
        (more > 0 and _is_same(sent[:-more], right), f"without /{_shown(sent[-more:])} at the end"),
        (more < 0 and _is_same(right[-more:], sent), f"/{_shown(right[:-more])} is missing in front"),
    )
    return next((hint for applies, hint in hints if applies), "")


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _shown(segments: list[str]) -> str:
    return "/".join(segments)[:100]


def _is_same(sent: list[str], right: list[str]) -> bool:
    """Compare segments in any case; a value in one of the paths matches any text."""
    pairs = zip(sent, right, strict=False)
    return len(sent) == len(right) and all(
        one.lower() == other.lower() or (one and other and (_VALUE.fullmatch(one) or _VALUE.fullmatch(other)))
        for one, other in pairs
    )
