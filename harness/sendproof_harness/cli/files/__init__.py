"""Commands about files: scenarios, checks of them, and the results of several jobs."""
