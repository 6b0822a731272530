"""Tell Optimove that customers opted out: as a channel's preference or as an attribute, one call a job."""

import logging
from collections.abc import Iterator, Sequence

from sendproof_bridge.config import BY_ATTRIBUTE, NOT_SHARED, ClientConfig
from sendproof_bridge.domain.accounts import Bridge, optimove_lane
from sendproof_bridge.jobs.setup.sync_templates import chunks
from sendproof_bridge.outbound.optimove import CUSTOMERS_PER_UPDATE, PREFERENCES_PER_CALL
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

_OPTED_OUT = "0"

logger = logging.getLogger(__name__)


def tell(client: ClientConfig, channel: int, customers: Sequence[str], occasion: str) -> Iterator[NewJob]:
    """The jobs that share it; none when the client shares otherwise. `occasion` makes their names unlike."""
    if client.opt_outs == NOT_SHARED:
        return
    most = CUSTOMERS_PER_UPDATE if client.opt_outs == BY_ATTRIBUTE else PREFERENCES_PER_CALL
    for index, some in enumerate(chunks(customers, most)):
        payload = {"client": client.name, "channel": channel, "customers": some}
        name = f"share:{client.name}:{channel}:{occasion}:{index}"
        yield NewJob(id=name, kind="share", payload=payload, lane=optimove_lane(client.name))


def run(bridge: Bridge, job: Job) -> None:
    """Make the call. Repeated, it changes nothing."""
    client = bridge.clients[job.payload["client"]]
    channel, customers = client.channels[job.payload["channel"]].config, job.payload["customers"]
    if client.config.opt_outs == BY_ATTRIBUTE:
        client.optimove.update_attribute(channel.consent_attribute, _OPTED_OUT, customers)
    else:
        shared = channel.preference_channel or channel.id
        client.optimove.set_channel_preference(shared, customers, client.config.opt_out_mode)
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    logger.info("client %s: opt-out of %d customers shared with Optimove", client.config.name, len(customers))
