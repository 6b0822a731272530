"""Load test of a bridge: a steady rate for a long time, where memory, descriptors and latency must stay flat.

locust -f loadtests/soak.py --headless --users 1 --rate 20 --seconds 3600
"""

from load_session import LoadSession
from sendproof_harness.load.scenarios import LoadOptions
from triggered import TriggeredTest, TriggerUser


class SoakTest(TriggeredTest):
    """A test of what a bridge keeps."""

    kind = "soak"
    rate = 20.0
    seconds = 600.0

    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""
        return f"A soak of {options.seconds:,g} seconds at {options.rate:,g} triggers per second"


class SoakUser(TriggerUser):
    """The user of a soak."""

    session = LoadSession(SoakTest())
