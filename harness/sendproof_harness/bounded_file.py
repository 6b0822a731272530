"""Reading files with a limit: a name of a device, or of another file, must not fill the memory."""

from pathlib import Path


class FileTooLargeError(ValueError):
    """The file is larger than any of its kind."""


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of a file; raise `FileTooLargeError` for more than `limit` bytes, or `OSError`."""
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise FileTooLargeError(f"expected a file of at most {limit:,} bytes, got a larger one")
    return content
