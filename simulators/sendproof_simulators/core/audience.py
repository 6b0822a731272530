"""The customers of a sandbox: a recipe, never a million rows."""
