"""Ids that follow from what a call says, and from how often the same was said before.

So calls that arrive together get the same ids in whatever order they are served.
"""

from collections import Counter
from collections.abc import Container, Mapping
from hashlib import blake2b
from itertools import count

import msgspec

from sendproof_simulators.core.randomness import KeyedRandom

# Nine digits: times MESSAGES_MOST still exact in any language that has only doubles.
_LOWEST, _SPAN = 100_000_000, 799_000_000
# No body has room for so many targets.
MESSAGES_MOST = 10_000_000


class Ids:
    """Draws the ids of one project."""

    def __init__(self, random: KeyedRandom) -> None:
        self._chance = random
        self._said: Counter[bytes] = Counter()

    def draw(self, kind: str, call: Mapping[str, object], taken: Container[int]) -> int:
        """An id for what a call makes; its token does not count."""
        said = msgspec.json.encode([kind, sorted(item for item in call.items() if item[0] != "apptoken")])
        digest = blake2b(said, digest_size=16).digest()
        self._said[digest] += 1
        path = ("xtremepush", kind, digest.hex(), self._said[digest])
        drawn = (_LOWEST + self._chance.below(_SPAN, *path, attempt) for attempt in count())
        return next(id_ for id_ in drawn if id_ not in taken)
