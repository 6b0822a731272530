"""`reference/test-numbers.md`: the test numbers and their delivery outcomes, from the table of the simulators."""

from sendproof_simulators.core.messaging.delivery_outcomes import COUNTRIES, TEST_NUMBERS, number_for_code
from tables import table

_FORMS = {
    "GB": ("Great Britain", "`44 7555 ssss cc`"),
    "US": ("United States", "`1 aaa 555 ss cc`, any area code `aaa`"),
    "CA": ("Canada", "`1 aaa 555 ss cc`, any area code `aaa`"),
}

_HEAD = """# Test numbers

A test number is a phone number whose last two digits, the code, select the delivery outcome. It works the same at every
simulated provider. Use test numbers to [test manually](../manual-testing.md). In a scenario, request an outcome by its
name: `outcomes: {"delivered, replies STOP": 10%}`. `sendproof test-numbers` prints the same list.
"""

_RULES = """
`cc` is the code, and you can choose the digits `s`. No customer of an audience has a test number, unless the scenario
requests it. If a number has this form but its code is not in the table, the seed determines its outcome, as for all
other numbers.

All times start when the message goes out. Clicks come once a minute, the first after one minute.
"""

_MEANINGS = """
* **never**: there is no receipt; the message stays pending.
* **delivered, reported twice**: a receipt after 3 s, and the same receipt again after 33 s.
* **delivered, reported out of order**: undelivered after 2 s, with a receipt after 9 s; delivered after 5 s, with an
  immediate receipt.
* **delivered, reported before the response**: the provider posts the receipt before it responds to the send call.
* **undelivered, delivered after all**: undelivered after 1 h, delivered after 2 h, each with an immediate receipt.
* **opted out**, **landline**, **blocked**: the provider does not accept the message. Each provider reports this in its
  own way. A provider that accepts it anyway gives it an ordinary outcome.
* **queue full**: the provider refuses the first call with the number, and accepts the next one. A provider without such
  a refusal accepts every call.
* **replies STOP**: the customer replies STOP after one minute, or after two if a click comes first.
* **replies thanks**: the customer writes after one minute, for example `Thanks!` or `YES`, and still wants messages.
  Only Textlocal posts such replies.
"""


def page() -> str:
    """Return the page: the forms of test numbers, and every code."""
    forms = ((*_FORMS[country], f"{count:,}") for country, count in COUNTRIES.items())
    codes = ((f"`{number.code}`", number.name, f"`{number_for_code('GB', number.code)}`") for number in TEST_NUMBERS)
    return "".join(
        (
            _HEAD + "\n",
            table(("country", "test numbers", "numbers per code"), forms),
            _RULES + "\n",
            table(("code", "outcome", "example"), codes),
            _MEANINGS,
        )
    )
