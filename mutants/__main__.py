"""`make mutants`: show that each defect is found by the check that names it."""

import sys

from mutation_run import main

sys.exit(main())
