"""`make mutants`: show that the judge finds each defect; `make comparisons`: so do comparisons of bridges."""

import sys

import compared_bridges
import mutation_run

if sys.argv[1:2] and sys.argv[1] in compared_bridges.PROGRAMS:
    sys.exit(compared_bridges.main())
sys.exit(mutation_run.main())
