"""The records of a page of calls: the actions of the bridge, the marketer and the clock, in order.

Texts of a call may name what an earlier reply had: `<<name>>`. `Call.keeps` gives the name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: The place of a value in a reply, by keys and positions.
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading, with what happens in the chapter."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of the bridge. It has a JSON body, or the fields of a form, or neither.

    `keeps_base_36` is for texts that are kept as
    the number that they are in base 36. `credential` is the name of another credential than the ordinary one. A call
    that is not `shown` is like the one before it. `decodes` names a field of the form whose JSON is also shown.
    """

    title: str
    why: str
    service: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    form: Mapping[str, str] = field(default_factory=dict)
    credential: str = ""
    keeps: Mapping[str, Place] = field(default_factory=dict)
    keeps_base_36: Mapping[str, Place] = field(default_factory=dict)
    decodes: str = ""
    note: str = ""
    status: int = 200
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A request to the bridge: the first whose path or body contains all the words."""

    title: str
    why: str
    contains: Sequence[str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """What the marketer, a customer or the owner of an account does: a call of the control API, which is not shown."""

    method: str
    path: str
    body: object


@dataclass(frozen=True, slots=True)
class Until:
    """Virtual time passes until an instant."""

    time: str


Step = Chapter | Call | Webhook | Control | Until


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One flow with one provider and one type of messages. `people` are the customers of the sandbox.

    `audience` has other settings of the audience. `consent` is the key of the consent attribute in `attributes` of the
    handover file, or empty. `recipients` are the paragraphs about the recipients of messages other than SMS, in place
    of `numbers`.
    """

    name: str
    title: str
    kind: str
    provider: str
    provider_title: str
    channel: int
    country: str
    people: Sequence[Mapping[str, object]]
    steps: Sequence[Step]
    limits: str
    proof: str
    message: str = "sms"
    audience: Mapping[str, object] = field(default_factory=dict)
    consent: str = "consent"
    numbers: str = ""
    recipients: Sequence[str] = ()
