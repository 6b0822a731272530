"""What happened in a sandbox, for people who look at it: requests, messages, customers, and what has changed."""
