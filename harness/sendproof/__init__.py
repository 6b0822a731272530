"""`python -m sendproof`: the command `sendproof` where its script is not on the path."""
