"""Entry point of `python -m sendproof_bridge`."""

import sys

from sendproof_bridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
