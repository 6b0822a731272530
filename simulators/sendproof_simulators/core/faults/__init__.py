"""Faults: defects injected on purpose into calls, webhooks or the bridge, each at a logical position.

`spec` defines a fault. `kinds` has one file per fault: adding a file there adds a fault, and nothing else has to be
edited. `position` selects calls and webhooks, `parsing` reads requested faults, `active` holds the faults of one
sandbox, and `injection` injects one into a call.
"""
