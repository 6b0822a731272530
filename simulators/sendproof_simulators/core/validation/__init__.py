"""The check of values against the schemas of a contract: whole, or part by part, and the violations in words."""
