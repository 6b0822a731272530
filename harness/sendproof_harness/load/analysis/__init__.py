"""What follows from the samples of load tests: growth, the load generator's limit, and comparisons."""
