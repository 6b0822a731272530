"""Jobs that prepare a channel: listeners and templates."""
