"""Entry point of `sendproof-bridge` and of `python -m sendproof_bridge`."""

import gc
import signal
import sys


def main() -> int:
    """Run the command line, and return the exit status."""
    # Without a handler, which would raise an exception: Python drops one that arrives in a callback of its import
    # system, and the bridge would then serve for ever. Until it serves, there is nothing to finish.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What imports create stays. The collector would look at all of it again and again, for a tenth of the start.
    gc.disable()
    from sendproof_bridge.cli import main as run  # noqa: PLC0415 - only now

    gc.freeze()
    gc.enable()
    return run()


if __name__ == "__main__":
    sys.exit(main())
