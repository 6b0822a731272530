"""One fault in each file, which bears its name."""
