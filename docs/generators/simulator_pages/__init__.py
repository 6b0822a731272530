"""Pages of the reference about what the simulators can do: dialects, faults and test numbers."""
