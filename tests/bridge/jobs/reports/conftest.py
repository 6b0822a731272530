"""Fixtures of the tests of receipts and reports."""

import pytest

from small_bridge import NUMBERS, recipient_row
from stand_in import Reply


@pytest.fixture
def sent(bridge, services):
    """Send five messages of a campaign; a sixth customer has no consent."""
    rows = [recipient_row(f"C{index}", f"+{number}") for index, number in enumerate(NUMBERS, 1)]
    rows.append(recipient_row("C6", "+447100000006", consent="0"))
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    bridge.start_campaign()
    bridge.run()
    return bridge
