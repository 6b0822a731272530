"""Campaigns that another client has under the same number, on a channel with the same number."""

from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.keys import CampaignKey


def sent_for_others_text(history: History, key: CampaignKey) -> str:
    """Return words that limit a loss to this client, if the campaign of this number went out for another one."""
    return _text([other.client for other in history.other_clients if key in other.sent])


def read_for_others_text(history: History, key: CampaignKey) -> str:
    """Return words that limit a finding to this client, if the campaign of this number was read for another one."""
    others = (other for other in history.other_clients if key in other.campaigns and key not in other.unread)
    return _text([other.client for other in others])


def _text(clients: list[str]) -> str:
    return f" for this client, but for {' and '.join(clients)}" if clients else ""
