"""The order of tests: the longest start first, spread over the workers of pytest-xdist."""

from collections.abc import Sequence
from itertools import groupby, islice

# The folders and files with the longest tests, the longest first.
LONGEST = (
    "tests/docs/test_commands.py",
    "tests/docs/test_screenshots.py",
    "tests/contract/test_schemathesis",
    "tests/contract/test_bridge_webhooks.py",
    "tests/end_to_end/",
    "tests/docs/test_tutorials.py",
    "tests/architecture/test_determinism.py",
    "tests/interrupts/",
    "tests/chaos/",
    "tests/harness/client/",
    "tests/contract/",
    "tests/simulators/test_adding_a_provider.py",
    "tests/bridge/jobs/",
)
# Its tests share nothing, so they can run in different workers. Those of other files stay together.
SEPARATE = "tests/docs/test_commands.py"


def order(names: Sequence[str], workers: int) -> list[int]:
    """Return the places of tests in the order in which they run, with long tests at the beginning of each part.

    `--dist worksteal` gives each worker an equal part, and a worker that has finished takes tests from the end of
    another part. With all long tests in one part, its worker would end alone.
    """
    ranks = [_rank(name) for name in names]
    long = sorted((place for place, rank in enumerate(ranks) if rank < len(LONGEST)), key=ranks.__getitem__)
    short = iter([place for place, rank in enumerate(ranks) if rank == len(LONGEST)])
    parts: list[list[int]] = [[] for _ in range(workers)]
    for number, (_, group) in enumerate(groupby(long, key=lambda place: _group(names[place]))):
        parts[number % workers] += group
    ordered: list[int] = []
    for number, part in enumerate(parts):
        size = (len(names) - len(ordered)) // (workers - number)
        ordered += [*part, *islice(short, max(0, size - len(part)))]
    return ordered


def _rank(name: str) -> int:
    return next((rank for rank, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))


def _group(name: str) -> str:
    return name if name.startswith(SEPARATE) else name.partition("::")[0]
