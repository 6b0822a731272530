"""`make chaos`: run the reference bridge under random fault schedules; `make kills`: kill it at random instants."""

import sys
from pathlib import Path

# The runs use the modules of the mutants.
sys.path.append(str(Path(__file__).parents[1] / "mutants"))

import fault_schedules
import kills

if sys.argv[1:2] == ["kills"]:
    del sys.argv[1]
    sys.exit(kills.main())
sys.exit(fault_schedules.main())
