"""Signals that come while Locust ends: its own end would be interrupted, with a traceback."""

import atexit
import signal
from types import TracebackType

import gevent


def ignore_sigterm_from_now_on() -> None:
    """Ignore SIGTERM, also one that has come before.

    A greenlet handles the earlier signal. It may still be at work when the main greenlet has ended Locust, and its
    `SystemExit` would then interrupt what Locust does last.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The functions of `atexit` run in the reverse order, so this one precedes that of Locust.
    atexit.register(_keep_exits_from_the_main_greenlet)


def _keep_exits_from_the_main_greenlet() -> None:
    hub = gevent.get_hub()
    handle_error = hub.handle_error

    def handle_other_errors(
        context: object, kind: type[BaseException], value: object, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, SystemExit):
            handle_error(context, kind, value, trace)

    # An attribute with this signature overrides the method, as gevent documents there.
    hub.handle_error = handle_other_errors
