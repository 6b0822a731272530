"""`make attack`: send hostile requests to every port of the simulators and of the reference bridge."""

import sys
from pathlib import Path

# The examples of the contracts are read by a module of the tests.
sys.path.append(str(Path(__file__).parents[1] / "tests" / "support" / "contracts"))

from attack_run import main

sys.exit(main())
