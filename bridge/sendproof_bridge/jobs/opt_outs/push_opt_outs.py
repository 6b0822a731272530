"""Report opt-outs and opt-ins to Optimove, as a channel's preference or as an attribute, one call per job."""

import logging
from collections.abc import Iterator, Sequence

from sendproof_bridge.config import BY_ATTRIBUTE, NOT_SHARED, ClientConfig
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.domain.batches import chunks
from sendproof_bridge.domain.keys import optimove_lane
from sendproof_bridge.outbound.optimove import CUSTOMERS_PER_UPDATE, PREFERENCES_PER_CALL
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import Job, NewJob

_OPTED_OUT, _OPTED_IN = "0", "1"

logger = logging.getLogger(__name__)


def new_jobs(
    client: ClientConfig, channel: int, customers: Sequence[str], occasion: str, *, opted_in: bool = False
) -> Iterator[NewJob]:
    """Yield the jobs that report these opt-outs or opt-ins; none if the client wants no reports.

    `occasion` makes their ids unique.
    """
    if client.opt_outs == NOT_SHARED:
        return
    limit = CUSTOMERS_PER_UPDATE if client.opt_outs == BY_ATTRIBUTE else PREFERENCES_PER_CALL
    for index, part in enumerate(chunks(customers, limit)):
        payload = {"client": client.name, "channel": channel, "customers": part, "opted_in": opted_in}
        id_ = f"push_opt_outs:{client.name}:{channel}:{occasion}:{index}"
        yield NewJob(id=id_, kind="push_opt_outs", payload=payload, lane=optimove_lane(client.name))


def run(bridge: Bridge, job: Job) -> None:
    """Make the call. Repeating it changes nothing."""
    client = bridge.clients[job.payload["client"]]
    channel, customers = client.channels[job.payload["channel"]].config, job.payload["customers"]
    opted_in = job.payload["opted_in"]
    if client.config.opt_outs == BY_ATTRIBUTE:
        client.optimove.update_attribute(channel.consent_attribute, _OPTED_IN if opted_in else _OPTED_OUT, customers)
    else:
        mode = client.config.opt_in_mode if opted_in else client.config.opt_out_mode
        client.optimove.set_channel_preference(channel.preference_channel or channel.id, customers, mode)
    with bridge.store.write() as tx:
        job_queue.complete(tx, job)
    what = "opt-ins" if opted_in else "opt-outs"
    logger.info("client %s: %s of %d customers reported to Optimove", client.config.name, what, len(customers))
