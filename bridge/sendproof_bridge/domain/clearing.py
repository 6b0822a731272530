"""The first job of a clearance, as the door plans it; steps/clear.py does the rest."""

from sendproof_bridge.domain.accounts import optimove_lane
from sendproof_bridge.inbound.events import Event
from sendproof_bridge.storage.job_queue import NewJob


def first_job(event: Event) -> NewJob:
    """Read the customers of a campaign that waits for clearance, from the first on."""
    return page_job(event.client, event.campaign, event.required_by, 0)


def page_job(client: str, campaign: str, required_by: str, skip: int) -> NewJob:
    """Read them from `skip` on."""
    payload = {"client": client, "campaign": campaign, "required_by": required_by, "skip": skip}
    name = f"clear:{client}:{campaign}:{skip}"
    return NewJob(id=name, kind="clear", payload=payload, lane=optimove_lane(client))


def some_job(client: str, campaign: str, required_by: str, first: int, customers: list[str]) -> NewJob:
    """Decide about these customers, of whom the first is in place `first`."""
    payload = {"client": client, "campaign": campaign, "required_by": required_by, "customers": customers}
    name = f"clear_some:{client}:{campaign}:{first}"
    return NewJob(id=name, kind="clear_some", payload=payload, lane=optimove_lane(client))
