"""The templates of channels, as campaigns and triggers find them."""

from sendproof_simulators.control.channels import channel_template
from sendproof_simulators.core.simulator import Channel, Template

CHANNEL = Channel(id=505, provider="delivyr", kind="scheduled")


def test_title_within_another_title_finds_its_own_template() -> None:
    """Delivyr's ids are text, so a channel shows them in the name only."""
    template = Template(id="YFRYM0RJ", title="Offer 1", body="One")
    on_channel = [(7, "AFRYM0RJ - Offer 12"), (8, "YFRYM0RJ - Offer 1")]
    assert channel_template(template, on_channel, CHANNEL) == (8, "YFRYM0RJ - Offer 1")
