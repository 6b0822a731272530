"""Number of generated examples: few for `make test`, more for `make test-all`, many for `make fuzz`."""

import os

from hypothesis import HealthCheck, Phase, settings

# Valid and invalid requests for each operation.
EXAMPLES = int(os.environ.get("SENDPROOF_FUZZ_EXAMPLES", "2"))
# The number for `make test-all`.
_TEST_ALL_EXAMPLES = 6
# `make fuzz` searches for new failures; the others must be reproducible.
# Of one request, in seconds: the default of ten is too short on a busy machine.
PATIENCE_S = 120

BUDGET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= _TEST_ALL_EXAMPLES,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def tries(most: int) -> int:
    """Return how many examples to try of those that `make test-all` tries."""
    return max(1, most * min(EXAMPLES, _TEST_ALL_EXAMPLES) // _TEST_ALL_EXAMPLES)
