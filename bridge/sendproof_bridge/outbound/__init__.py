"""HTTP out: Optimove and the message providers."""
