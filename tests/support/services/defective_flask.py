"""The Flask example with a defect in every n-th of its starts: `defective_flask.py STARTS EVERY`.

The file STARTS has a dot for each start. A defective bridge sends placeholders as they are.
"""

import sys
from pathlib import Path

from repository import ROOT

APP = ROOT / "bridge" / "examples" / "flask_bridge" / "app.py"
RIGHT = 'text = PLACEHOLDER.sub(lambda match: attributes.get(match[1]) or "", body)'

if __name__ == "__main__":
    starts, every = Path(sys.argv[1]), int(sys.argv[2])
    with starts.open("a") as file:
        file.write(".")
    source = APP.read_text()
    assert source.count(RIGHT) == 1
    is_defective = len(starts.read_text()) % every == 0
    code = compile(source.replace(RIGHT, "text = body") if is_defective else source, str(APP), "exec")
    exec(code, {"__name__": "__main__"})
