"""The circumstances of a run for all reports: what was tested, with which Sendproof, when, and on which machine."""

import shlex
from collections.abc import Mapping

from sendproof_harness.history.records import History
from sendproof_harness.history.run_records import RunIdentity
from sendproof_harness.history.timestamps import SECOND, parse_instant, span, spoken

# Enough to compare two contracts or two histories by eye.
_SHOWN_DIGITS = 12


def identity_texts(history: History) -> Mapping[str, str]:
    """Return the circumstances by their names, as texts; a history without a run has fewer."""
    run = next(iter(history.runs), None)
    texts = {
        "Sendproof": run.sendproof if run else history.header.sendproof,
        **({} if run is None else _run_texts(run)),
        "Bridge calls itself": ", ".join(history.header.user_agents),
        "Contracts": ", ".join(f"{name} {digest[:_SHOWN_DIGITS]}" for name, digest in history.header.contracts.items()),
        "History seal": history.seal,
    }
    return {name: text for name, text in texts.items() if text}


def run_name(history: History) -> str:
    """Return the short name of a run: the file of its scenario, or its sandbox."""
    scenario = next(iter(history.scenarios), None)
    return history.header.sandbox if scenario is None else scenario.file


def run_text(history: History) -> str:
    """Return the name of a run with its seed, when it began and what was tested, in one line."""
    run = next(iter(history.runs), None)
    began = "" if run is None else f", began {spoken(parse_instant(run.began) // SECOND * SECOND)}, {run.bridge}"
    return f"{run_name(history)}, seed {history.header.seed}{began}"


def _run_texts(run: RunIdentity) -> Mapping[str, str]:
    options = shlex.join(part for option in run.options.items() for part in option)
    load = "" if run.load is None else f", load {run.load:g}"
    return {
        "Run began": spoken(parse_instant(run.began) // SECOND * SECOND),
        "Run took": span(round(run.duration_s * SECOND)),
        "Bridge": run.bridge,
        "Options": options,
        "Machine": f"{run.cores} cores{load}, {run.platform}, Python {run.python}",
    }


def identity_document(history: History) -> Mapping[str, object]:
    """Return the circumstances as plain values; `run` is None for a history without a run."""
    run, header = next(iter(history.runs), None), history.header
    return {
        "sendproof": run.sendproof if run else header.sendproof,
        "contracts": header.contracts,
        "user_agents": list(header.user_agents),
        "seal": history.seal,
        "run": None
        if run is None
        else {
            "began": run.began,
            "duration_s": run.duration_s,
            "bridge": run.bridge,
            "options": run.options,
            "python": run.python,
            "platform": run.platform,
            "cores": run.cores,
            "load": run.load,
        },
    }
