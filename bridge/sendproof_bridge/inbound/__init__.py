"""HTTP in: webhooks are stored and acknowledged; the worker does the work."""
