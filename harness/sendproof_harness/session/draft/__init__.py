"""Drafts of scenarios: a commented scenario file from options, from a recorded run, or from a running sandbox."""
