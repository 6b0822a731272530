"""The delivery outcome of each message: that of its test number, or else drawn from the seed at given rates.

The last two digits of a *test number* select the outcome of each message to it. They mean the same at every provider,
and no customer of an audience gets such a number by chance:

* Great Britain: `44 7555 ssss cc`
* United States and Canada: `1 aaa 555 ss cc`, with any area code `aaa`

`cc` is the code; the digits `s` are free. Each provider reports the outcome in its own way. `sendproof test-numbers`
lists the codes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE, SECOND, Instant

# Maximum validity of a message. documented: `validity` in https://api.txtlocal.com/docs/sendsms
MAX_VALIDITY = 72 * HOUR

# Events of a message. The first five are states; one of them is its last.
DELIVERED, UNDELIVERED, EXPIRED, INVALID, UNKNOWN = "delivered", "undelivered", "expired", "invalid", "unknown"
CLICKED, STOP, START = "clicked", "stop", "start"
# Nobody knows when an SMS is opened.
OPENED = "opened"
# A reply that is neither STOP nor START.
REPLY = "reply"
# A message is still on its way, which only mail relays report.
DELAYED = "delayed"
STATES = (DELIVERED, UNDELIVERED, EXPIRED, INVALID, UNKNOWN)
DELIVERY_EVENTS = (*STATES, CLICKED, STOP, START, OPENED, REPLY, DELAYED)

# Reasons for which a provider does not accept a message.
OPTED_OUT, LANDLINE, BLOCKED, QUEUE_FULL = "opted out", "landline", "blocked", "queue full"
REFUSALS = (OPTED_OUT, LANDLINE, BLOCKED, QUEUE_FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """One event of a message: it happens `after` the message went out, and is `reported` at these times.

    Times are in milliseconds after the message went out. `BEFORE_RESPONSE` means before the response to the send.
    """

    what: str
    after: int
    reported: tuple[int, ...]


BEFORE_RESPONSE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOutcome:
    """The events of one message, in order. With a `refusal`, the provider does not accept it."""

    events: tuple[DeliveryEvent, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTestNumber:
    """One code: its two digits, its name in scenarios, and the outcome of messages to its numbers."""

    code: str
    name: str
    outcome: DeliveryOutcome


def _at(what: str, after: int, *reported: int) -> DeliveryEvent:
    return DeliveryEvent(what=what, after=after, reported=reported or (after,))


_SOON = _at(DELIVERED, 3 * SECOND)


def _outcome(*events: DeliveryEvent) -> DeliveryOutcome:
    return DeliveryOutcome(events=events)


def _clicks(times: int) -> DeliveryOutcome:
    """Return an outcome with clicks: the first a minute after the message, then one per minute."""
    return _outcome(_SOON, *(_at(CLICKED, minute * MINUTE) for minute in range(1, times + 1)))


_TABLE: tuple[tuple[str, str, DeliveryOutcome], ...] = (
    ("00", "delivered after 3 s", _outcome(_SOON)),
    ("01", "delivered after 1 h", _outcome(_at(DELIVERED, HOUR))),
    ("02", "delivered after 71 h", _outcome(_at(DELIVERED, 71 * HOUR))),
    ("03", "undelivered after 3 s", _outcome(_at(UNDELIVERED, 3 * SECOND))),
    ("04", "undelivered after 1 h", _outcome(_at(UNDELIVERED, HOUR))),
    ("05", "undelivered after 71 h", _outcome(_at(UNDELIVERED, 71 * HOUR))),
    ("06", "expired after 72 h", _outcome(_at(EXPIRED, MAX_VALIDITY))),
    ("07", "invalid after 3 s", _outcome(_at(INVALID, 3 * SECOND))),
    ("08", "unknown after 72 h", _outcome(_at(UNKNOWN, MAX_VALIDITY))),
    ("10", "never", _outcome()),
    ("11", "delivered, reported twice", _outcome(_at(DELIVERED, 3 * SECOND, 3 * SECOND, 33 * SECOND))),
    # The first state is reported last: a bridge that keeps the last report is wrong.
    ("12", "delivered, reported out of order", _outcome(
        _at(UNDELIVERED, 2 * SECOND, 9 * SECOND), _at(DELIVERED, 5 * SECOND))),
    ("13", "delivered, reported before the response", _outcome(_at(DELIVERED, BEFORE_RESPONSE))),
    ("14", "undelivered, delivered after all", _outcome(_at(UNDELIVERED, HOUR), _at(DELIVERED, 2 * HOUR))),
    ("20", OPTED_OUT, DeliveryOutcome(refusal=OPTED_OUT)),
    ("21", LANDLINE, DeliveryOutcome(refusal=LANDLINE)),
    ("22", BLOCKED, DeliveryOutcome(refusal=BLOCKED)),
    ("23", QUEUE_FULL, DeliveryOutcome(refusal=QUEUE_FULL)),
    ("31", "delivered, 1 click", _clicks(1)),
    *((f"3{times}", f"delivered, {times} clicks", _clicks(times)) for times in range(2, 10)),
    ("40", "delivered, replies STOP", _outcome(_SOON, _at(STOP, MINUTE))),
    ("41", "delivered, clicked, replies STOP", _outcome(_SOON, _at(CLICKED, MINUTE), _at(STOP, 2 * MINUTE))),
    ("42", "delivered, replies STOP, then START", _outcome(
        _SOON, _at(STOP, MINUTE), _at(START, 26 * HOUR))),
    ("43", "delivered, replies thanks", _outcome(_SOON, _at(REPLY, MINUTE))),
    ("50", "delivered, opened", _outcome(_SOON, _at(OPENED, MINUTE))),
)  # fmt: skip

TEST_NUMBERS: tuple[DeliveryTestNumber, ...] = tuple(
    DeliveryTestNumber(code=code, name=name, outcome=outcome) for code, name, outcome in _TABLE
)
BY_CODE: Mapping[str, DeliveryTestNumber] = MappingProxyType(
    {test_number.code: test_number for test_number in TEST_NUMBERS}
)
BY_NAME: Mapping[str, DeliveryTestNumber] = MappingProxyType(
    {test_number.name: test_number for test_number in TEST_NUMBERS}
)

_GB = "447555"
_GB_LENGTH, _NANP_LENGTH = 12, 11
# Area codes of the test numbers of the United States. documented: https://www.nationalnanpa.com (in service).
_AREAS = """
    201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240
    248 251 252 253 254 256 260 262 267 269 270 272 276 281 301 302 303 304 305 307 308 309 310 312 313
    314 315 316 317 318 319 320 321 323 325 330 331 334 336 337 339 346 347 351 352 360 361 385 386 401
    402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 440 443 458 469
""".split()  # noqa: SIM905 - a hundred quoted words would hide what they are
_CANADIAN_AREAS = "204 250 306 403 416 418 450 506 514 519 587 604 613 647 705 709 778 780 807 902 905".split()  # noqa: SIM905 - as above
_SERIALS = 100

# Number of different phone numbers per code, by country.
COUNTRIES: Mapping[str, int] = MappingProxyType(
    {"GB": 10_000, "US": _SERIALS * len(_AREAS), "CA": _SERIALS * len(_CANADIAN_AREAS)}
)


def outcome_for_number(number: str) -> DeliveryOutcome | None:
    """Return the outcome for a number (digits with country code); None if it is not a test number."""
    test_number = _test_number(number)
    return None if test_number is None else test_number.outcome


def name_of_test_number(number: str) -> str | None:
    """Return the name of the test number that a number (digits with country code) is; None for ordinary numbers."""
    test_number = _test_number(number)
    return None if test_number is None else test_number.name


def _test_number(number: str) -> DeliveryTestNumber | None:
    if number.startswith(_GB):
        return BY_CODE.get(number[-2:]) if len(number) == _GB_LENGTH else None
    if number.startswith("1") and number[4:7] == "555" and len(number) == _NANP_LENGTH:
        return BY_CODE.get(number[-2:])
    return None


def number_for_code(country: str, code: str, serial: int = 0) -> str:
    """Return a number with a code: digits with country code. `serial` counts from 0 to `COUNTRIES[country]` - 1."""
    if code not in BY_CODE:
        raise ValueError(f"expected the code of a test number ({', '.join(BY_CODE)}), got {code!r}")
    if not 0 <= serial < COUNTRIES[country]:
        raise ValueError(f"expected a serial from 0 to {COUNTRIES[country] - 1}, got {serial}")
    if country == "GB":
        return f"{_GB}{serial:04d}{code}"
    areas = _AREAS if country == "US" else _CANADIAN_AREAS
    return f"1{areas[serial // _SERIALS]}555{serial % _SERIALS:02d}{code}"


def serial_of(country: str, number: str) -> tuple[str, int] | None:
    """Return code and serial of a test number of a country, so that `number_for_code` returns it; else None."""
    if _test_number(number) is None or number.startswith(_GB) != (country == "GB"):
        return None
    code = number[-2:]
    if country == "GB":
        return code, int(number[len(_GB) : -2])
    areas = _AREAS if country == "US" else _CANADIAN_AREAS
    area = number[1:4]
    return (code, areas.index(area) * _SERIALS + int(number[7:-2])) if area in areas else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The rate of one last state: its share of messages, and its time, rounded to a `step` of the clock.

    Rounding gives a bridge that waits for receipts fewer instants at which it has to wake up.
    """

    what: str
    share: float
    earliest: int
    latest: int
    step: int

    def instant(self, send_at: Instant, draw: float) -> Instant:
        """Return the instant of the state; `draw` from 0 to 1 selects a step between the earliest and the latest."""
        choices = (self.latest - self.earliest) // self.step + 1
        steps = self.earliest // self.step + min(int(draw * choices), choices - 1)
        return (-(-send_at // self.step) + steps) * self.step


# documented: that an undelivered message was usually tried for more than 48 hours,
# https://api.txtlocal.com/docs/helpfulinfo. assumed: how often each happens, and all other delays.
RATES = (
    Rate(what=DELIVERED, share=0.94, earliest=2 * SECOND, latest=60 * SECOND, step=SECOND),
    Rate(what=UNDELIVERED, share=0.03, earliest=HOUR, latest=48 * HOUR, step=15 * MINUTE),
    Rate(what=INVALID, share=0.01, earliest=3 * SECOND, latest=9 * SECOND, step=SECOND),
    Rate(what=EXPIRED, share=0.01, earliest=MAX_VALIDITY, latest=MAX_VALIDITY, step=SECOND),
    Rate(what=UNKNOWN, share=0.01, earliest=MAX_VALIDITY, latest=MAX_VALIDITY, step=SECOND),
)


def draw_outcome(draw: float, send_at: Instant, rates: Iterable[Rate] = RATES) -> tuple[Instant, str]:
    """Return the instant and last state of an ordinary message. One draw selects the state and then the delay."""
    for rate in rates:
        if draw < rate.share:
            break
        draw -= rate.share
    return rate.instant(send_at, draw / rate.share), rate.what
