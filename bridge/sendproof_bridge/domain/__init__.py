"""Campaigns, messages, recipients and reports: the rules of the bridge."""
