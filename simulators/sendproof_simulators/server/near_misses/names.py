"""Did you mean: the name of a contract that another name is nearest to."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

# Below this similarity (0 to 1), another name would be a guess.
_SIMILAR = 0.75
# A shorter name may be the beginning or end of many others.
_MIN_PART = 4
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_LONGEST = 200


def most_similar(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a name probably means, None if none is similar."""
    if len(name) > _LONGEST:
        return None
    plain = _plain(name)
    best = max(candidates, key=lambda candidate: _similarity(plain, _plain(candidate)), default=None)
    return best if best is not None and _similarity(plain, _plain(best)) >= _SIMILAR else None


def _similarity(name: str, other: str) -> float:
    if name == other:
        return 1.0
    shorter, longer = sorted((name, other), key=len)
    if len(shorter) >= _MIN_PART and (longer.startswith(shorter) or longer.endswith(shorter)):
        return _SIMILAR + 0.2 * len(shorter) / len(longer)
    return 0.99 * SequenceMatcher(None, name, other).ratio()


def _plain(name: str) -> str:
    """Return a name in lower case without separators: `phone_number` and `PhoneNumber` are the same."""
    return _SEPARATORS.sub("", name.lower())
