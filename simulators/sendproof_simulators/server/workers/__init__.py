"""Simulators in several processes: a front for HTTP, and workers that each hold whole sandboxes."""
