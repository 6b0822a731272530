"""Search for a scenario in which a bridge fails: `sendproof explore`."""
