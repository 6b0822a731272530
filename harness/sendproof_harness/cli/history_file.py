"""The history that a command line names: a results folder, the file itself, or a running sandbox."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sendproof_harness.bounded_file import named_by_user
from sendproof_harness.cli.options import refuse
from sendproof_harness.interruption import end_with_stdin
from sendproof_harness.program import remove_temporary_folders
from sendproof_harness.suggestions import closest

if TYPE_CHECKING:
    from sendproof_harness.history.records import History
    from sendproof_harness.judge.judged_file import JudgedFile

_NAME = "history.ndjson"
_EARLIER = "earlier"
# From a working folder to an earlier run of a client: `results/small/earlier/2/north`.
_LEVELS = 5
_MOST_FOLDERS = 2_000


def find_history_file(path: Path) -> Path:
    """Return the history file at a path or in its folder; refuse the command if there is none, and name the runs."""
    with named_by_user(path):
        file = path / _NAME if path.is_dir() else path
        if not file.is_file():
            _refuse_without_run(path, file)
    return file


def _refuse_without_run(path: Path, file: Path) -> NoReturn:
    folder = next(parent for parent in (path, *path.absolute().parents) if parent.is_dir())
    is_near = folder == path or folder.absolute().is_relative_to(Path.cwd())
    every = sorted(_runs_below(folder, _LEVELS if is_near else 1))
    # Earlier runs only count where there is no other.
    runs = [run for run in every if _EARLIER not in run.parts] or every[::-1]
    if not runs:
        refuse(f"{path}: expected the results folder of a run, or its {_NAME}, got none; `sendproof run` writes one")
    wanted = file.parent if file.name == _NAME else file
    names = {run.name: run for run in reversed(runs)}
    match = names.get(closest(wanted.name, names) or "")
    shown = "this folder" if folder == Path.cwd() else _shown(folder)
    hint = f"did you mean {_shown(match)}?" if match else f"name one, such as {_shown(runs[0])}"
    refuse(f"{path}: no run; {shown} holds {len(runs)} run{'' if len(runs) == 1 else 's'}; {hint}")


def _runs_below(folder: Path, levels: int) -> Iterator[Path]:
    """Yield the folders of runs among the first folders, at most `levels` deep. Follows no links.

    Without bounds, a mistyped absolute path would lead through the whole file system.
    """
    folders, looked_at = [folder], 0
    for _ in range(levels + 1):
        yield from (found for found in folders if os.path.isfile(found / _NAME))  # noqa: PTH113 - no error in a private folder
        folders = list(islice(_folders_in(folders), _MOST_FOLDERS - looked_at))
        looked_at += len(folders)


def _folders_in(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        with suppress(OSError), os.scandir(folder) as entries:
            yield from (Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def judge_history_file(file: Path) -> "JudgedFile":
    """Return the history in a file and its verdict; refuse the command if it cannot be read."""
    from sendproof_harness.history.large.customer_index import save_index  # noqa: PLC0415 - `--help` stays quick
    from sendproof_harness.judge.judged_file import judge_file  # noqa: PLC0415

    with _readable(file):
        judged = judge_file(file)
    if judged.index is not None:
        save_index(file, judged.index)
    return judged


def judge_file_for_customer(file: Path, customer: str) -> "JudgedFile":
    """Return the history in a file, perhaps condensed, with this customer, and its verdict; refuse as above."""
    from sendproof_harness.history.large.customer_index import load_index, save_index  # noqa: PLC0415 - as above
    from sendproof_harness.history.large.indexing import index_history  # noqa: PLC0415
    from sendproof_harness.judge.judged_file import judge_for_customer  # noqa: PLC0415

    with _readable(file):
        index = load_index(file)
        if index is None and (index := index_history(file)) is not None:
            save_index(file, index)
        return judge_for_customer(file, customer, index)


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    from sendproof_harness.history.reader import HistoryError  # noqa: PLC0415 - as above

    try:
        yield
    except (HistoryError, OSError) as error:
        refuse(f"{file}: {getattr(error, 'strerror', None) or error}")


def read_running_history(control_url: str, sandbox: str) -> "History":
    """Return the history of a running sandbox; refuse the command if there is none."""
    from sendproof_harness.control_client import ControlError  # noqa: PLC0415 - as above
    from sendproof_harness.history.reader import HistoryError  # noqa: PLC0415
    from sendproof_harness.session.running_sandbox import running_history  # noqa: PLC0415

    end_with_stdin(remove_temporary_folders)
    try:
        return running_history(control_url, sandbox)
    except ControlError as error:
        refuse(f"{getattr(error, 'detail', None) or error}; for a run, name its results folder")
    except (HistoryError, OSError) as error:
        refuse(f"the history of sandbox {sandbox!r}: {getattr(error, 'strerror', None) or error}")


def _shown(path: Path) -> str:
    """Return a path below the working folder without that folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)
