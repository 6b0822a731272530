"""Signals that come while Locust ends: its own end would be interrupted, with a traceback."""

import atexit
import signal
from contextlib import suppress

import gevent

# For gevent to run the handler of a signal that it has noticed. Locust waits this long in its own end as well.
_HANDLER_S = 0.1


def ignore_sigterm_from_now_on() -> None:
    """Ignore SIGTERM, also one that has come before: gevent runs its handler later, at the next switch of greenlets."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The functions of `atexit` run in the reverse order, so this one precedes that of Locust.
    atexit.register(_run_late_handlers)


def _run_late_handlers() -> None:
    with suppress(SystemExit):
        gevent.sleep(_HANDLER_S)
