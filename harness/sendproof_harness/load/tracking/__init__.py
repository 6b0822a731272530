"""What a load test counts while it runs: campaigns by their journal, triggers by their events."""
