"""Commands about files: scenarios, checks of them, results of several jobs, and the documentation."""
