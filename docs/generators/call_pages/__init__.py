"""`docs/calls`: the calls of each flow with each provider, recorded from running simulators."""
