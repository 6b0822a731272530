"""Jobs that collect receipts and report results to Optimove."""
