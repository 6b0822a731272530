"""`reference/test-numbers.md`: the numbers that dial a fate, from their table."""

from sendproof_simulators.core.messaging.delivery_outcomes import COUNTRIES, TEST_NUMBERS, number_for_code
from tables import table

_FORMS = {
    "GB": ("Great Britain", "`44 7555 ssss cc`"),
    "US": ("United States", "`1 aaa 555 ss cc`, any area code `aaa`"),
    "CA": ("Canada", "`1 aaa 555 ss cc`, any area code `aaa`"),
}

_HEAD = """# Numbers that dial a fate

For who tries a bridge by hand or writes a scenario: some numbers decide what becomes of whatever is sent to them, and
when, at every simulated provider alike. The last two digits are the code. `sendproof numbers` says the same in a
terminal, and scenarios ask for a fate by its name: `fates: {"delivered, replies STOP": 10%}`.
"""

_RULES = """
`cc` is the code; the digits `s` are free. No customer of an audience has such a number, unless the scenario asks for
it. A number of the block whose code is not in the table is an ordinary one: its fate is drawn from the seed, as any
other's.

All times count from when the message goes out. Clicks come once a minute, the first after a minute.
"""

_MEANINGS = """
* **never**: no receipt ever comes; the message stays pending.
* **delivered, told twice**: after 3 s, and the same again after 33 s.
* **delivered, told out of order**: undelivered after 2 s, which is told after 9 s; delivered after 5 s, told at once.
* **delivered, told before the reply**: the receipt is posted before the call that sent the message is answered.
* **undelivered, delivered after all**: undelivered after 1 h, delivered after 2 h, both told at once.
* **opted out**, **landline**, **blocked**, **queue full**: the provider does not take the message. How it says so is
  the provider's own; one that takes it all the same lets it end as any other.
* **replies STOP**: the person writes STOP back after a minute, or after two when a click comes first.
"""


def page() -> str:
    """The forms of numbers, and every code."""
    forms = ((*_FORMS[country], f"{count:,}") for country, count in COUNTRIES.items())
    codes = ((f"`{one.code}`", one.name, f"`{number_for_code('GB', one.code)}`") for one in TEST_NUMBERS)
    return "".join(
        (
            _HEAD + "\n",
            table(("country", "magic numbers", "how many for each code"), forms),
            _RULES + "\n",
            table(("code", "what becomes of the message", "for example"), codes),
            _MEANINGS,
        )
    )
