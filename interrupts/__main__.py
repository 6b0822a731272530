"""`make signals`: interrupt every command at every stage, and show that nothing is left."""

import sys

from interrupted_runs import main

sys.exit(main())
