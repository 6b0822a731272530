"""The process of one of several runs at once. Only light modules are imported before it can be ended."""

import io
import os
import pickle
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from sendproof_harness.interruption import interruptible, interruption
from sendproof_harness.program import EXIT_ERROR, remove_temporary_folders, report_unforeseen, unforeseen_cause

if TYPE_CHECKING:
    from sendproof_harness.session.judged_run import StatusAndReason


def run_in_process(run: bytes, width: int, pipe: Connection) -> None:
    """Run and judge a scenario, and send the status with its reason, the output, and what is kept if interrupted.

    `run` is the pickled scenario, name and options, `width` that of the terminal.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Ctrl-C reaches every process of the terminal; the first process terminates the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = io.StringIO()
    with interruptible(before_late_exit=remove_temporary_folders):
        status = _run_guarded(run, width, output)
        found = interruption()
    pipe.send((status, output.getvalue(), [] if found is None else found.kept))


def _run_guarded(run: bytes, width: int, output: io.StringIO) -> "StatusAndReason":
    try:
        # The parent holds signals back until here.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        from sendproof_harness.session.judged_run import run_and_judge  # noqa: PLC0415 - see above
        from sendproof_harness.terminal import Terminal  # noqa: PLC0415

        scenario, name, options = pickle.loads(run)  # noqa: S301 - from the parent
        return run_and_judge(scenario, name, options, Terminal(output, width))
    except KeyboardInterrupt:
        return "error", "the run was interrupted"
    except Exception as error:  # noqa: BLE001 - the other scenarios go on
        report_unforeseen(error)
        return "error", unforeseen_cause(error)


def _end_with_parent() -> None:
    """End this process when its parent has ended, for example by SIGKILL. The keepers end its bridge then."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(EXIT_ERROR)
