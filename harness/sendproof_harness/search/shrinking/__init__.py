"""Shrinking a failure: from the scenario of a failed run to the smallest one that still fails the same requirement."""
