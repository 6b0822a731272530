"""What a sandbox is as a whole: its digest, and the verdict on it."""
