"""A run of a scenario in which every message went out as it was due: a bridge without a defect, without a process."""

from collections.abc import Iterable

import msgspec

from composed_history import compose
from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.scenario.model import Scenario


def perfect_run(scenario: Scenario) -> History:
    """Return the expectations of the scenario, with a delivery for each message that is due."""
    history = compose(scenario)
    return with_deliveries(history, (o for o in history.obligations if o.owed))


def with_deliveries(history: History, obligations: Iterable[Obligation]) -> History:
    """Return the history with one delivery for each of these obligations."""
    deliveries = (
        Delivery(
            n=1,
            at=obligation.due,
            service=history.header.channels[0].provider,
            message=f"m{index}",
            number=obligation.number or "",
            text=obligation.text or "",
            send_at=obligation.due,
        )
        for index, obligation in enumerate(obligations)
    )
    fields = {name: getattr(history, name) for name in history.__dataclass_fields__}
    return History(**{**fields, "deliveries": tuple(deliveries)})


def altered(history: History, position: int, **fields: object) -> History:
    """Return the history with other fields of the delivery at a position."""
    deliveries = list(history.deliveries)
    deliveries[position] = msgspec.structs.replace(deliveries[position], **fields)
    own = {name: getattr(history, name) for name in history.__dataclass_fields__}
    return History(**{**own, "deliveries": tuple(deliveries)})
