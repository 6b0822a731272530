"""Number of generated examples: few for `make test`, more for `make test-all`, many for `make fuzz`."""

import os

from hypothesis import HealthCheck, Phase, settings

# Valid and invalid requests for each operation. `make test-all` sets 4.
EXAMPLES = int(os.environ.get("SENDPROOF_FUZZ_EXAMPLES", "2"))
# From this number on, every test tries its most examples, and each run tries others, as `make fuzz` does. With fewer, a
# failure must be reproducible.
_MANY_EXAMPLES = 6
# Of one request, in seconds: the default of ten is too short on a busy machine.
PATIENCE_S = 120

BUDGET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < _MANY_EXAMPLES,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def tries(most: int) -> int:
    """Return how many of the most examples of a test to try."""
    return max(1, most * min(EXAMPLES, _MANY_EXAMPLES) // _MANY_EXAMPLES)
