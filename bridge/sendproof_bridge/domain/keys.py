"""Natural keys: campaigns, ids of customers, and the lanes of jobs."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class CampaignKey(NamedTuple):
    """A campaign on a channel of a client.

    Ids of triggered campaigns need not be whole numbers; observed: 2.38 in Delivyr's sample.
    """

    client: str
    channel: int
    campaign: str

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> "CampaignKey":
        """Return the campaign in a job's payload."""
        return cls(payload["client"], payload["channel"], str(payload["campaign"]))

    @property
    def number(self) -> int | str:
        """The campaign's id as Optimove writes it in JSON."""
        return int(self.campaign) if self.campaign.isdigit() else self.campaign

    def name(self) -> str:
        """Return the key as part of a job's id."""
        return f"{self.client}:{self.channel}:{self.campaign}"


#: PostgreSQL indexes at most 2,704 bytes of a row, and the names of client and campaign need a part of them.
MAX_ID_BYTES = 2_000
_MAX_BYTES_PER_CHARACTER = 4


def is_storable(id_: str) -> bool:
    """Return True if the id of a customer or user is short enough for the indexes of both databases."""
    return len(id_) * _MAX_BYTES_PER_CHARACTER <= MAX_ID_BYTES or len(id_.encode("utf-8", "replace")) <= MAX_ID_BYTES


def optimove_lane(client: str) -> str:
    """Return the lane of jobs that call Optimove for a client: they run one at a time."""
    return f"optimove:{client}"


def trigger_lane(key: CampaignKey) -> str:
    """Return the lane of a campaign's triggers: while some are processed, the next ones collect in it."""
    return f"send_triggered:{key.name()}"
