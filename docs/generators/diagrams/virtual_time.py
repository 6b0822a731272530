"""The picture of virtual time: how a harness, a sandbox's clock and a bridge take turns."""

from diagrams.sequence import Lane, Part, Step, svg

HARNESS, CLOCK, BRIDGE = range(3)
_LANES = (
    Lane(name="Harness", note="or the live page"),
    Lane(name="Clock", note="of the sandbox"),
    Lane(name="Your bridge", note="parks between its jobs", is_bridge=True),
)


def virtual_time_picture() -> str:
    """Return the picture of one advance, with a webhook and a job of the bridge."""
    return svg(
        "Virtual time",
        "The bridge parks until its next job. The harness advances the clock. The clock jumps to the next instant at"
        " which anything is due, and does not move again before every request has ended and every bridge is parked.",
        _LANES,
        (
            Part(
                title="At 06:00",
                note="nothing happens before the harness advances the clock",
                steps=(
                    Step(source=BRIDGE, target=CLOCK, text="park until 07:00; 3 webhooks seen"),
                    Step(source=HARNESS, target=CLOCK, text="advance by 8 days"),
                    Step(source=CLOCK, target=CLOCK, text="next is event 13, at 06:30: jump"),
                ),
            ),
            Part(
                title="At 06:30",
                note="a fourth webhook: the park is out of date, and ends",
                steps=(
                    Step(source=CLOCK, target=BRIDGE, text="event 13"),
                    Step(source=BRIDGE, target=CLOCK, text="200, as soon as it is stored", is_response=True),
                    Step(source=CLOCK, target=BRIDGE, text="it is 06:30; 4 webhooks so far", is_response=True),
                    Step(source=BRIDGE, target=BRIDGE, text="reads the campaign: no time passes"),
                    Step(source=BRIDGE, target=CLOCK, text="park until 09:00; 4 webhooks seen"),
                    Step(source=CLOCK, target=CLOCK, text="quiet, and next is the bridge: jump"),
                ),
            ),
            Part(
                title="At 09:00",
                note="the park ends at the time that the bridge asked for",
                steps=(
                    Step(source=CLOCK, target=BRIDGE, text="it is 09:00; 4 webhooks so far", is_response=True),
                    Step(source=BRIDGE, target=BRIDGE, text="sends, exactly at 09:00"),
                    Step(source=BRIDGE, target=CLOCK, text="park until the next job"),
                    Step(source=CLOCK, target=CLOCK, text="receipts, reports, ...: jump by jump"),
                    Step(source=CLOCK, target=HARNESS, text="8 days later, after some seconds", is_response=True),
                ),
            ),
        ),
    )
