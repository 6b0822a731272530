"""The features of generated scenarios: each module is one table."""
