"""What a sandbox records: the journal of its requests and messages, its seals, and the removal of secrets from it."""
