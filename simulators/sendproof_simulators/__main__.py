"""Entry point of `python -m sendproof_simulators`: the simulators' own commands, such as `up`."""

import os
import sys

from sendproof_simulators.program import end_by_ctrl_c, run_program
from sendproof_simulators.start import is_plain, start_plainly

end_by_ctrl_c()
if is_plain(sys.argv[1:], os.environ):
    run_program(lambda: start_plainly(os.environ))

from sendproof_simulators.cli import main  # noqa: E402 - only now, see `start.py`

main()
