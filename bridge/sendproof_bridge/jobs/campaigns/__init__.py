"""Jobs that read a campaign's customers and send its messages."""
