"""Search for a scenario that a bridge fails: `sendproof explore`."""
