"""Comparing what bridges did: two bridges in one scenario, or one bridge in a scenario and its transformation."""
