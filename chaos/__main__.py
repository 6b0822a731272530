"""`make chaos`: random fault schedules; `make kills`: kills at random instants; `make soak`: weeks of work.

`make scenarios-postgresql`: the library with PostgreSQL.
"""

import sys
from pathlib import Path

# The runs use the modules of the mutants.
sys.path.append(str(Path(__file__).parents[1] / "mutants"))

import fault_schedules
import kills
import library
import weeks_of_work

PROGRAMS = {"kills": kills.main, "library": library.main, "soak": weeks_of_work.main}

if sys.argv[1:2] and sys.argv[1] in PROGRAMS:
    sys.exit(PROGRAMS[sys.argv.pop(1)]())
sys.exit(fault_schedules.main())
