"""Commands that examine settings or totals, and change nothing."""

import argparse
import sys
from contextlib import closing

from sendproof_bridge.config import Config
from sendproof_bridge.domain.accounts import open_account
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.storage import message_counts
from sendproof_bridge.storage.open_store import open_existing

OK, FOUND = 0, 1


def check(config: Config, _options: argparse.Namespace) -> int:
    """Open every account, which calls no service and writes nothing, and print a summary."""
    for client in config.clients:
        for channel in client.channels:
            open_account(client, channel, HttpClient())
    channels = sum(len(client.channels) for client in config.clients)
    sys.stdout.write(f"ok: clients {len(config.clients)}, channels {channels}\n")
    return OK


def audit(config: Config, _options: argparse.Namespace) -> int:
    """Print each kept number of messages that differs from the messages. The bridge may run meanwhile."""
    with closing(open_existing(config.bridge.database)) as database, database.read() as tx:
        wrong = message_counts.wrong_counts(tx)
    for row in wrong:
        of = f"client {row.client}: channel {row.channel}: campaign {row.campaign}: template {row.template}"
        sys.stdout.write(f"{of}: {row.counted} messages were reported as {row.state}, but {row.kept} are kept\n")
    sys.stdout.write("" if wrong else "ok: the kept totals equal the messages\n")
    return FOUND if wrong else OK
