"""How the allocator of the C library gives memory back to the system."""

import ctypes
import sys
from contextlib import suppress

_M_MMAP_THRESHOLD = -3
#: Blocks of this size get pages of their own, which are returned as soon as the block is freed.
MAPPED_BYTES = 256 * 1024


def return_large_blocks() -> None:
    """Let the process give large blocks back at once. Only glibc has the setting; other systems are left alone.

    glibc raises its threshold to the largest block that was freed, up to 32 MiB. Bodies of that size then lie between
    small blocks that stay, and a process that got a few hundred of them keeps memory that nobody uses.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
