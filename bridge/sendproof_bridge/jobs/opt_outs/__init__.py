"""Jobs that collect opt-outs and report them to Optimove."""
