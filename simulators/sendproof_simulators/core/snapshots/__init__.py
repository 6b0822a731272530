"""Snapshots: a sandbox as it was, to which it can return."""
