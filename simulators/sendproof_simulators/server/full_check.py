"""The Connexion application of a contract, built when the first request needs it.

Importing Connexion and building its applications takes longer than the rest of the start, and most processes only get
requests that the fast path serves.
"""

import asyncio
from threading import Lock
from typing import TYPE_CHECKING

from sendproof_simulators.core.contracts import Contract, InvalidBody, ValidRequest
from sendproof_simulators.core.http import Response

if TYPE_CHECKING:
    from sendproof_simulators.server.connexion_app import ConnexionApp, Exchange

# Two threads must not import the modules of Connexion at the same time.
_building = Lock()


class FullCheck:
    """The full check of requests by Connexion, for one contract."""

    def __init__(self, contract: Contract) -> None:
        """Build the application of a contract that is not Sendproof's own: `ValueError` names an error in it."""
        self._contract = contract
        self._app: ConnexionApp | None = None
        if not contract.is_own:
            self.build()

    async def validate(self, exchange: "Exchange", invalid: InvalidBody | None = None) -> ValidRequest | Response:
        """Return the operation, parameters and body of a valid request, or the refusal of any other.

        `invalid` is what the fast path found in the body: it is not decoded again.
        """
        if self._app is None:
            # The event loop serves other requests in the meantime.
            return await (await asyncio.to_thread(self.build)).validate(exchange, invalid)
        return await self._app.validate(exchange, invalid)

    def build(self) -> "ConnexionApp":
        """Return the application, and build it if no request has needed it so far."""
        with _building:
            if self._app is None:
                # Only here, for the reason above.
                from sendproof_simulators.server.connexion_app import ConnexionApp  # noqa: PLC0415

                self._app = ConnexionApp(self._contract)
            return self._app
