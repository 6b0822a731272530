"""Checks of the bridge's listeners: registered, acknowledging, answering first, and probed by the harness."""
