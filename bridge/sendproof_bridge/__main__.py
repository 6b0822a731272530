"""Entry point of `python -m sendproof_bridge`."""

import gc
import sys


def _main() -> int:
    # What imports create stays. The collector would look at all of it again and again, for a tenth of the start.
    gc.disable()
    from sendproof_bridge.cli import main  # noqa: PLC0415 - only now

    gc.freeze()
    gc.enable()
    return main()


if __name__ == "__main__":
    sys.exit(_main())
