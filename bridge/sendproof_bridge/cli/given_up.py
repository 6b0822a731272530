"""Commands for jobs that failed or were given up. They use the database only, and the bridge may run meanwhile."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from sendproof_bridge.cli.output import print_line
from sendproof_bridge.cli.processes import FAILED, OK, open_clock
from sendproof_bridge.config import Config, ConfigError
from sendproof_bridge.domain import campaigns
from sendproof_bridge.domain.accounts import Bridge, open_bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.inbound import status as bridge_status
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.storage import given_up_jobs
from sendproof_bridge.storage.given_up_jobs import FailedJob
from sendproof_bridge.storage.open_store import open_existing

_NAMES = {"due": "waiting"}


def status(config: Config, options: argparse.Namespace) -> int:
    """Print the number of jobs by state and each failed job; return 1 if there is one."""
    with _open(config) as bridge, bridge.store.read() as tx:
        counts = given_up_jobs.counts(tx)
        failed = [*given_up_jobs.given_up(tx), *given_up_jobs.failing(tx)]
        as_json = bridge_status.status(bridge) if options.json else None
    if as_json is not None:
        sys.stdout.write(f"{json.dumps(as_json)}\n")
    else:
        sys.stdout.write("jobs: " + ", ".join(f"{state} {number}" for state, number in counts.items()) + "\n")
        for job in failed:
            print_line(f"{_NAMES.get(job.state, job.state)}: {job.id}: {bridge.masked(str(job.last_error))}")
    return FAILED if failed else OK


def retry(config: Config, options: argparse.Namespace) -> int:
    """Make failed jobs due at once. A running bridge notices within a minute."""
    with _open(config) as bridge, bridge.store.write() as tx:
        jobs = _selected([*given_up_jobs.given_up(tx), *given_up_jobs.failing(tx)], options)
        for job in jobs:
            if job.state == "unknown" and not options.had_no_effect:
                raise ConfigError(
                    f"{job.id}: it is unknown whether this job had its effect, and a retry might double it: find out"
                    " from the service, then drop it, or add --had-no-effect"
                )
            given_up_jobs.retry(tx, job)
    return _print_each("will be retried", jobs)


def drop(config: Config, options: argparse.Namespace) -> int:
    """End jobs that were given up, and the messages of their batches."""
    now = open_clock(config.bridge).tick().now
    with _open(config) as bridge, bridge.store.write() as tx:
        jobs = _selected(given_up_jobs.given_up(tx), options)
        for job in jobs:
            given_up_jobs.drop(tx, job)
            # Without the client in the settings, no report could go anywhere.
            if job.kind == "send_batch" and job.payload["client"] in bridge.clients:
                key = CampaignKey.of(job.payload)
                campaigns.drop_batch(tx, key, job.payload["batch"], now, bridge.reports_a_day(key))
    return _print_each("dropped", jobs)


@contextmanager
def _open(config: Config) -> Iterator[Bridge]:
    with closing(open_existing(config.bridge.database)) as database:
        yield open_bridge(config, database, open_clock(config.bridge), HttpClient())


def _selected(jobs: Sequence[FailedJob], options: argparse.Namespace) -> Sequence[FailedJob]:
    """Return the jobs with the given ids or, with `--all`, all but those with an unknown effect.

    `ConfigError` for an id that none has.
    """
    if options.all == bool(options.jobs):
        raise ConfigError("expected the ids of jobs, or --all; `sendproof-bridge status` lists them")
    if options.all:
        return [job for job in jobs if job.state != "unknown"]
    by_id = {job.id: job for job in jobs}
    missing = [id_ for id_ in options.jobs if id_ not in by_id]
    if missing:
        raise ConfigError(f"expected ids of failed jobs, got {missing[0]!r}; `sendproof-bridge status` lists them")
    return [by_id[id_] for id_ in dict.fromkeys(options.jobs)]


def _print_each(result: str, jobs: Sequence[FailedJob]) -> int:
    for job in jobs:
        print_line(f"{result}: {job.id}")
    sys.stdout.write("" if jobs else "no such job\n")
    return OK
