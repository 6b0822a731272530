"""`make mutants`: show that the judge finds each defect, by the check that names it."""

import sys

from mutation_run import main

sys.exit(main())
