"""What Optimove posts to a listener."""

import msgspec

from sendproof_simulators.core.clock import MINUTE, Instant, sql_time
from sendproof_simulators.core.exchange import RetryPolicy, Webhook

CAMPAIGN_PROCESSED = 1
CAMPAIGN_ON_HOLD = 5
CAMPAIGN_EXECUTED_ON_CHANNEL = 13

# assumed: nothing public says whether Optimove tries again. Clients see events twice, so something does.
RETRIES = RetryPolicy(delays_ms=(MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE))

_encode = msgspec.json.Encoder().encode


def campaign_event(event: int, url: str, now: Instant, campaign: int, channel: int) -> Webhook:
    """The notification of one event about one campaign. Event 13 names the channel, event 1 does not.

    Event 1 has exactly these members: observed, a client refuses any other. Event 13's CampaignID and ChannelID are
    observed in this spelling, its other two members in another one (a vendor's guide); the body as a whole is assumed.
    """
    body: dict[str, object] = {"EventTypeID": event, "TimeStamp": sql_time(now), "CampaignID": campaign}
    if event == CAMPAIGN_EXECUTED_ON_CHANNEL:
        body["ChannelID"] = channel
    return Webhook(
        url=url,
        key=f"{event}:{campaign}:{channel}",
        event=str(event),
        body=_encode(body),
        about={"campaign": campaign, "channel": channel},
        retry=RETRIES,
    )
