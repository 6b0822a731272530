"""`make chaos`: run the reference bridge under random fault schedules."""

import sys
from pathlib import Path

# The runs use the modules of the mutants.
sys.path.append(str(Path(__file__).parents[1] / "mutants"))

from fault_schedules import main

sys.exit(main())
