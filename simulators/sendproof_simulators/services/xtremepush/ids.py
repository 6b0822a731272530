"""Ids that are drawn from the content of a call, and from the number of equal calls before it.

So concurrent calls get the same ids in any order.
"""

from collections import Counter
from collections.abc import Container, Mapping
from hashlib import blake2b
from itertools import count

import msgspec

from sendproof_simulators.core.randomness import KeyedRandom

# Nine digits: times MAX_MESSAGES still exact in languages that only have doubles.
_LOWEST, _SPAN = 100_000_000, 799_000_000
# No body has room for this many targets.
MAX_MESSAGES = 10_000_000


class Ids:
    """Draws the ids of one project."""

    def __init__(self, random: KeyedRandom) -> None:
        self._random = random
        self._counts: Counter[bytes] = Counter()

    def draw(self, kind: str, fields: Mapping[str, object], taken: Container[int]) -> int:
        """Return a free id for the object that a call creates. The token among its fields does not count."""
        content = msgspec.json.encode([kind, sorted(item for item in fields.items() if item[0] != "apptoken")])
        digest = blake2b(content, digest_size=16).digest()
        self._counts[digest] += 1
        path = ("xtremepush", kind, digest.hex(), self._counts[digest])
        drawn = (_LOWEST + self._random.below(_SPAN, *path, attempt) for attempt in count())
        return next(id_ for id_ in drawn if id_ not in taken)
