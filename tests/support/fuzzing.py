"""How much is tried: a little by `make test`, more by `make test-all`, much by `make fuzz`."""

import os

from hypothesis import HealthCheck, Phase, settings

# Requests of each kind, valid and invalid, to each operation.
EXAMPLES = int(os.environ.get("SENDPROOF_FUZZ_EXAMPLES", "5"))
# As many as `make test-all` asks for.
_ALL = 15
# `make fuzz` looks for what nobody has met yet; the others have to find the same each time.
BUDGET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= _ALL,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def tries(most: int) -> int:
    """Return how many examples to try of those that `make test-all` tries."""
    return max(1, most * min(EXAMPLES, _ALL) // _ALL)
