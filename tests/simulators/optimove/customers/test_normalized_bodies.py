"""Bodies reach the functions of Optimove with each id in one form."""

from sendproof_simulators.services.optimove.permissions import normalize_ids


def test_ids_get_one_form_at_any_level() -> None:
    sent = {"ChannelID": "5", "Rows": [{"CampaignID": "7", "CustomerID": 3}]}
    assert normalize_ids(sent) == {"ChannelID": 5, "Rows": [{"CampaignID": 7, "CustomerID": "3"}]}
    assert sent == {"ChannelID": "5", "Rows": [{"CampaignID": "7", "CustomerID": 3}]}


def test_body_whose_ids_have_their_form_is_not_copied() -> None:
    """A hostile body has 600,000 names: its copy would need another 30 MB."""
    sent = [{"CampaignID": 7, "CustomerID": "3", "Rows": [{"MetricID": 1}]}]
    assert normalize_ids(sent) is sent
