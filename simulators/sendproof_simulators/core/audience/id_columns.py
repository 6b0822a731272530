"""The ids of many customers at once, as the columns of a table of characters."""

from collections.abc import Sequence

import numpy as np

from sendproof_simulators.core.audience.individuals import ID_LENGTH

_LETTER, _ZERO, _TEN = ord("C"), ord("0"), 10
_WEIGHTS = 10 ** np.arange(ID_LENGTH - 2, -1, -1, dtype=np.int64)
# Follows each id in the table: ids of another length would put a character in its column.
_END = "\0"


def split(customers: Sequence[str], size: int) -> tuple[list[int], list[str]] | None:
    """Return the indices of the customers in an audience of `size`, and the ids of all others, each in order.

    None if one of the ids has another form than those of audiences.
    """
    text = _END.join(customers) + _END
    if len(text) != len(customers) * (ID_LENGTH + 1) or not text.isascii():
        return None
    characters = np.frombuffer(text.encode(), np.uint8).reshape(-1, ID_LENGTH + 1)
    # Characters before the zero become large numbers.
    digits = characters[:, 1:ID_LENGTH] - np.uint8(_ZERO)
    if characters[:, ID_LENGTH].any() or not (characters[:, 0] == _LETTER).all() or not (digits < _TEN).all():
        return None
    indices = digits @ _WEIGHTS
    is_known = indices < size
    if is_known.all():
        return indices.tolist(), []
    return indices[is_known].tolist(), [customers[place] for place in np.flatnonzero(~is_known).tolist()]
