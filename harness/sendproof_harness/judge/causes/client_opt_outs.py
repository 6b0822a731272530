"""Messages that were withheld because the bridge applied an opt-out at another client to this client."""

from collections import defaultdict
from collections.abc import Mapping

from sendproof_harness.history.records import History, Obligation
from sendproof_harness.judge.facts.clients.opt_outs import ForeignOptOut, withheld_for
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.findings import cached_per_history


@cached_per_history
def withheld_for_other_clients(history: History) -> Mapping[int, ForeignOptOut]:
    """Return the opt-out at another client that explains a lost message, by `id` of the obligation."""
    lost: defaultdict[CampaignKey, list[Obligation]] = defaultdict(list)
    served: defaultdict[CampaignKey, list[Obligation]] = defaultdict(list)
    for recipient in ledger(history).recipients if history.other_clients else ():
        if recipient.kind == "lost":
            lost[campaign_key(recipient.obligation)].append(recipient.obligation)
        elif recipient.obligation.owed and recipient.deliveries:
            served[campaign_key(recipient.obligation)].append(recipient.obligation)
    found: dict[int, ForeignOptOut] = {}
    for key, of_campaign in lost.items():
        found.update(withheld_for(history, of_campaign, served[key]))
    return found
