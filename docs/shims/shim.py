"""Take part in a sandbox's virtual time (Python, requests)."""

import requests


def live_by(clock_url, work, name="bridge"):
    """Call `work(now)` forever; it does all that is due, and returns when the next is (ISO 8601, UTC), or None."""
    seen = requests.get(clock_url, timeout=60).json()
    while True:
        # `seen` is from before the look for work: what arrives during it ends the park at once.
        until = work(seen["now"])
        parked = {"participant": name, "until": until, "since": seen["delivered"]}
        reply = requests.post(f"{clock_url}/park", json=parked, timeout=60)
        reply.raise_for_status()
        seen = reply.json()
