"""`make signals`: interrupt every command at every stage, and show that nothing is left."""

import sys

from parallel_trials import main

sys.exit(main())
