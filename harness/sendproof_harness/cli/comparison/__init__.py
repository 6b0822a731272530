"""The commands that compare runs: of two bridges, or of a scenario and its changes."""
