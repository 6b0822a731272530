"""Load test of a bridge: triggers at a rate, whether the bridge keeps up or not.

locust -f loadtests/triggers.py --headless --users 1 --rate 200 --seconds 60
"""

from load_session import LoadSession
from triggered import TriggeredTest, TriggerUser


class TriggersTest(TriggeredTest):
    """A test of the highest rate of a bridge."""

    kind = "triggers"


class TriggersUser(TriggerUser):
    """The user of a test of the highest rate."""

    session = LoadSession(TriggersTest())
