"""The ids of many customers at once, as the columns of a table of characters."""

from collections.abc import Sequence

import numpy as np

from sendproof_simulators.core.audience.individuals import ID_LENGTH

_LETTER, _ZERO, _TEN = ord("C"), ord("0"), 10
_WEIGHTS = 10 ** np.arange(ID_LENGTH - 2, -1, -1, dtype=np.int64)


def split(customers: Sequence[str], size: int) -> tuple[list[int], list[str]] | None:
    """Return the indices of the customers in an audience of `size`, and the ids of all others, each in order.

    None if one of the ids has another form than those of audiences.
    """
    text = "".join(customers)
    if set(map(len, customers)) != {ID_LENGTH} or not text.isascii():
        return None
    characters = np.frombuffer(text.encode(), np.uint8).reshape(-1, ID_LENGTH)
    # Characters before the zero become large numbers.
    digits = characters[:, 1:] - np.uint8(_ZERO)
    if not (characters[:, 0] == _LETTER).all() or not (digits < _TEN).all():
        return None
    indices = digits @ _WEIGHTS
    is_known = indices < size
    if is_known.all():
        return indices.tolist(), []
    return indices[is_known].tolist(), [customers[place] for place in np.flatnonzero(~is_known).tolist()]
