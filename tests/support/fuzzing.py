"""How much is tried: a little by `make test`, much by `make fuzz`."""

import os

from hypothesis import HealthCheck, Phase, settings

# Requests of each kind, valid and invalid, to each operation. `make fuzz` asks for many more.
EXAMPLES = int(os.environ.get("SENDPROOF_FUZZ_EXAMPLES", "15"))
BUDGET = settings(
    max_examples=EXAMPLES, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
