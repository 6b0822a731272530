"""The router of a process: its endpoints, and the response to requests that need a database which cannot be used."""

import logging
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from sendproof_bridge.storage.store import sentence_on

logger = logging.getLogger(__name__)


class BridgeRouter(Router):
    """A database that is away or full is no defect here: a line in the log, not a traceback for each request.

    No endpoint begins its response before its transaction has ended.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        """Redirect nothing: a redirect would lead to the host that the request names, with the token of a webhook."""
        super().__init__(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; answer with 500 if the database cannot be used."""
        try:
            await super().__call__(scope, receive, send)
        except OperationalError as error:
            # Not with the path, because that of a webhook has a token.
            logger.warning("answered a request with 500: %s", sentence_on(error))
            await PlainTextResponse("the database cannot be used", 500)(scope, receive, send)
