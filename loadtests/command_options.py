"""Command line options of the load tests."""

import os
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

from locust.argument_parser import LocustArgumentParser

from base import LoadTest
from sendproof_harness.load.arrivals import SHAPES
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_harness.providers import DEFAULT_PROVIDER

_ARGUMENT_NAMES = {"control_url": "host", "timeout_s": "timeout"}


def add_arguments(parser: LocustArgumentParser, test: LoadTest) -> None:
    """Add the options of a load test to those of Locust. `--host` is the control URL of running simulators."""
    # Locust's own page starts tests without a password; by default it would be open to the network.
    parser.set_defaults(web_host="127.0.0.1")
    group = parser.add_argument_group("sendproof")
    add = group.add_argument
    add("--customers", type=int, default=test.customers, help="Number of customers in the campaign.")
    add("--seed", type=int, default=1, help="Seed of the sandbox.")
    add("--provider", default=DEFAULT_PROVIDER, help="Provider that sends the messages.")
    add("--message", default="sms", help="Type of the messages.")
    add("--days", type=int, default=test.days, help="Virtual days of receipts and reports.")
    add("--rate", type=float, default=test.rate, help="Highest rate, in triggers per second.")
    add("--seconds", type=float, default=test.seconds, help="Duration of the triggers, in seconds.")
    add("--shape", choices=list(SHAPES), default="steady", help="Course of the rate over time.")
    add("--duplicates", type=int, default=test.duplicates, help="Extra copies of each receipt.")
    add("--no-rate-limits", action="store_true", help="Switch the rate limits of the services off.")
    add("--bridge", default=None, help="URL of a bridge that runs already.")
    add("--command", default=None, help="Command that starts the bridge.")
    add("--results", default="results", help="Folder for results.")
    add("--thresholds", default=None, help="File with service-level thresholds.")
    add("--timeout", type=float, default=60.0, help="Seconds to wait for the bridge to become ready or idle.")
    add("--keep-history", action="store_true", help="Also save the history, for `sendproof judge` and `explain`.")
    # The master passes the data of the sandbox to its workers through this option.
    parser.add_argument("--sendproof-job", default=None, help="For internal use.", include_in_web_ui=False)


def parse_options(arguments: Namespace, test: LoadTest) -> LoadOptions:
    """Return the options of a load test from parsed arguments."""
    given = vars(arguments)
    names = {field.name: _ARGUMENT_NAMES.get(field.name, field.name) for field in fields(LoadOptions)}
    values = {field: given[argument] for field, argument in names.items() if argument in given}
    # Not as an option below `sendproof load`: other users of the machine, and Locust's page, would show its token.
    values["control_url"] = values["control_url"] or os.environ.get("SENDPROOF_CONTROL_URL")
    for name in ("results", "thresholds"):
        values[name] = None if values[name] is None else Path(values[name])
    return LoadOptions(**{**values, "kind": test.kind, "rate_limits": not given["no_rate_limits"]})
