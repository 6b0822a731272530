"""The messages between the front and a worker. Each belongs to a conversation, which the front opens with a number."""

from typing import Any

import msgspec

from sendproof_simulators.control.activity.counts import Counts
from sendproof_simulators.core.http import Request, Response, Transmission
from sendproof_simulators.core.sandboxes import Changes, Counters
from sendproof_simulators.server.default_sandbox import DefaultSandbox
from sendproof_simulators.server.near_misses.near_miss import Neighbour

#: The number of messages that belong to no conversation.
NO_CONVERSATION = 0


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One message."""


# -- from the front --------------------------------------------------------------------------------


class Start(Message, frozen=True):
    """The first message: what distinguishes the worker from others, and the addresses of the front."""

    number: int
    workers: int
    control_url: str
    service_urls: dict[str, str]
    mail_urls: dict[str, str]


class CreateDefault(Message, frozen=True):
    """Create the default sandbox."""

    settings: DefaultSandbox


class CallService(Message, frozen=True):
    """Take a request with this credential through the pipeline of a service."""

    service: str
    request: Request
    credential: str


class RefuseTooLarge(Message, frozen=True):
    """Respond to a request to a service with a body above its limit, which is not part of `request`."""

    service: str
    request: Request


class RecordMisdirected(Message, frozen=True):
    """Record a request for a service that was sent to the control API."""

    service: str
    request: Request
    neighbour: Neighbour


class CallControl(Message, frozen=True):
    """Respond to a request to the control API. `counters` are those of `Sandboxes`, for a request that creates one."""

    request: Request
    counters: Counters | None = None


class Update(Message, frozen=True):
    """What changed elsewhere: sandboxes of other workers, and the number of unauthenticated requests by service."""

    changes: Changes
    unauthenticated: dict[str, int]


class NextBlock(Message, frozen=True):
    """Send the next block of the response of this conversation."""


class Written(Message, frozen=True):
    """The faulty response of this conversation is written, or cannot be."""


class Cancel(Message, frozen=True):
    """Give up this conversation: the client has left."""


class Count(Message, frozen=True):
    """Return what the worker has counted."""


class Stop(Message, frozen=True):
    """Delete all sandboxes, and release the bridges that are parked."""


ToWorker = (
    Start
    | CreateDefault
    | CallService
    | RefuseTooLarge
    | RecordMisdirected
    | CallControl
    | Update
    | NextBlock
    | Written
    | Cancel
    | Count
    | Stop
)


# -- from a worker ---------------------------------------------------------------------------------


class Done(Message, frozen=True):
    """The worker has done what was asked. `services` are those of the default sandbox, as `sendproof up` prints them.

    `found` are the violations of contracts by the worker's responses and webhooks, each with its number.
    """

    changes: Changes = []
    counters: Counters = Counters()
    services: dict[str, Any] = {}
    found: dict[str, int] = {}


class Responded(Message, frozen=True):
    """The complete response."""

    response: Response
    changes: Changes = []
    counters: Counters | None = None


class RespondedFaulty(Message, frozen=True):
    """A response to be written with a transmission of its own; `Written` ends the conversation."""

    response: Response
    transmission: Transmission


class RespondedInBlocks(Message, frozen=True):
    """The response without its body, of which the front asks for each block."""

    response: Response


class Block(Message, frozen=True):
    """One block of a body; an empty one is the end."""

    data: bytes


class Recorded(Message, frozen=True):
    """What differs in a misdirected request."""

    differs: str


class Counted(Message, frozen=True):
    """What the worker has counted."""

    counts: Counts


class UnknownCredential(Message, frozen=True):
    """The credential of the request belongs to no sandbox of the worker any more."""


class Failed(Message, frozen=True):
    """The worker could not do what was asked; the text says why."""

    reason: str


ToFront = (
    Done | Responded | RespondedFaulty | RespondedInBlocks | Block | Recorded | Counted | UnknownCredential | Failed
)
