"""A run of e-mails: they go to addresses, and a mail client's view of the HTML counts."""

from urllib.parse import quote

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.judge.checks import delivery, opt_out_sync, text
from sendproof_harness.judge.facts.deliveries import plain_texts
from sendproof_harness.judge.facts.reports.clicks import unreported_clicks
from sendproof_harness.recount.count import recount
from sendproof_simulators.core.messaging import mail_texts

DUE = FIRST_SEND + HOUR
CHANNELS = [{"id": 505, "provider": "xtremepush", "kind": "scheduled", "message": "email"}]
ATTRIBUTES = {"phone": "PHONENUMBER", "consent": "SMS_OPT_IN", "email": "EMAIL", "email_consent": "EMAIL_OPT_IN"}


def address(number: str | None) -> str | None:
    """Return the e-mail address in place of a number."""
    return number and f"ann.{int(number[-7:])}@example.com"


@pytest.fixture
def email_run(correct_run):
    """Return a correct run whose channel is for e-mails."""
    run = correct_run.change("history", lambda line: line | {"channels": CHANNELS, "attributes": ATTRIBUTES})
    run = run.change("obligation", lambda line: line | {"number": address(line["number"])})
    mailed = {"service": "xtremepush", "message_type": "email", "heading": "News"}
    run = run.change("delivery", lambda line: line | mailed | {"number": address(line["number"])})
    return run.change("delivery_status", lambda line: line | {"service": "xtremepush"})


def line(kind: str, at: int, **fields: object) -> Line:
    return {"n": 6_000, "at": iso(at), "real": 0.0, "kind": kind} | fields


def causes(run: HistoryBuilder) -> list[str]:
    """Return the cause of each finding about deliveries."""
    return [finding.cause for finding in run.findings((*delivery.CHECKS, *text.CHECKS))]


def test_correct_run_of_emails_passes(email_run):
    assert causes(email_run) == []


@pytest.mark.parametrize("wrong", ["ann.4@example.org", "bob@example.com", "447100000004"])
def test_wrong_address_is_named(email_run, wrong):
    run = email_run.change_delivery_to(4, number=wrong)
    assert causes(run) == ["wrong address: the address of another person"]


@pytest.mark.parametrize(
    ("address_form", "feature"),
    [
        ("ann.{}+news@example.com", "an address with +"),
        ("ann.{}@example.photography", "an address with a long top-level domain"),
    ],
)
def test_lost_emails_to_addresses_of_an_unusual_form_are_named(email_run, address_form, feature):
    addresses = {f"C{customer:07d}": address_form.format(customer) for customer in (3, 7)}
    lost = {email_run.delivery_to(customer)["message"] for customer in (3, 7)}
    run = email_run.without("delivery", lambda line: line["message"] in lost)
    run = run.change(
        "obligation", lambda line: line | ({"number": found} if (found := addresses.get(line["customer"])) else {})
    )
    assert set(causes(run)) == {f"lost: the message was never sent to a provider, likely because of {feature}"}


def test_old_address_is_named(email_run):
    changes = [{"customer": "C0000004", "field": "EMAIL", "value": "ann.4@example.com"}]
    update = line("attributes", DUE - 30 * MINUTE, source="api", changes=changes, request=None)
    run = email_run.change_delivery_to(4, number="ann.4@example.org").plus(update)
    assert causes(run) == ["wrong address: an old address of the customer"]


def test_refused_email_is_named_although_others_have_the_same_text(email_run):
    """Only the address tells whose message it was."""
    sent = email_run.delivery_to(4)
    run = email_run.change("obligation", lambda line: line | {"text": "News"}).change(
        "delivery", lambda line: line | {"text": "News"}
    )
    run = run.without("delivery", lambda line: line["message"] == sent["message"])
    refused = {"number": sent["number"], "text": "News", "code": "4.2.0", "reason": "Busy", "request": 5}
    found = causes(run.plus(line("rejection", DUE, service="xtremepush", **refused)))
    assert found == ["lost: xtremepush refused the message (4.2.0 Busy)"]


def test_refused_email_that_cannot_be_read_has_no_wrong_text(email_run):
    """A relay that refuses a header says nothing about the text."""
    sent = email_run.delivery_to(4)
    run = email_run.without("delivery", lambda line: line["message"] == sent["message"])
    refused = {"number": sent["number"], "text": "", "code": "550", "reason": "No List-Unsubscribe", "request": 5}
    found = causes(run.plus(line("rejection", DUE, service="xtremepush", **refused)))
    assert found == ["lost: xtremepush refused the message (550 No List-Unsubscribe)"]


def test_wrong_subject_is_wrong_text(email_run):
    run = email_run.change_delivery_to(4, text="Another subject")
    assert [cause.split(":")[0] for cause in causes(run)] == ["wrong text"]


@pytest.mark.parametrize(
    ("got", "cause"),
    [
        ("Caf\u00c3\u00a9 <new>\nCome in & see", "UTF-8 was read as Latin-1, so non-ASCII characters were damaged"),
        ("=?utf-8?b?Q2Fmw6kgPG5ldz4=?=\nCome in & see", "encoded once too often, as in the header of an e-mail"),
        ("Caf\u00e9 &lt;new&gt;\nCome in & see", "encoded once too often, as in HTML"),
        ("Caf\u00e9\nCome in & see", "decoded once too often, as in HTML"),
        ("Caf\u00e9 <new>\n<p>Come in &amp; see</p>", "the HTML is shown as text"),
    ],
)
def test_damaged_part_of_an_email_is_named(email_run, got, cause):
    run = email_run.change(
        "obligation", lambda line: line | {"text": "Caf\u00e9 <new>\nCome in & see"} if line["owed"] else line
    ).change("delivery", lambda line: line | {"text": "Caf\u00e9 <new>\nCome in & see"})
    assert causes(run.change_delivery_to(4, text=got)) == [f"wrong text: {cause}"]


@pytest.mark.parametrize(("shown", "expected"), [("447100000005", 1), ("news@client.example", 0)])
def test_email_that_shows_the_address_of_another_customer_is_named(email_run, shown, expected):
    run = email_run.change_delivery_to(4, shown=[address(shown) if shown.isdigit() else shown])
    assert causes(run) == ["the header of an e-mail shows the addresses of other customers"] * expected


@pytest.mark.parametrize(("shown", "expected"), [("447100000005", 1), ("news@client.example", 0)])
def test_repeated_email_that_shows_the_address_of_another_customer_is_named(email_run, shown, expected):
    others = [address(shown) if shown.isdigit() else shown]
    run = email_run.plus(email_run.delivery_to(4) | {"message": "again", "shown": others})

    assert causes(run)[1:] == ["the header of an e-mail shows the addresses of other customers"] * expected


def test_email_to_an_opted_out_customer_that_shows_another_address_is_named(email_run):
    sent = {"number": email_run.obligation_of(1)["number"], "message": "extra"}
    run = email_run.plus(email_run.delivery_to(4) | sent | {"shown": [address("447100000005")]})

    assert "the header of an e-mail shows the addresses of other customers" in causes(run)


def test_lost_dot_is_named(email_run):
    due = "News\nThere is more. See\n...the shop."
    run = email_run.change("obligation", lambda line: line | {"text": due})
    run = run.change("delivery", lambda line: line | {"text": due}).change_delivery_to(4, text=due.replace("...", ".."))
    assert causes(run) == ["wrong text: dots were left out, as if none at the beginning of a line was doubled"]


def test_opt_out_of_emails_ends_emails(email_run):
    changes = [{"customer": "C0000004", "field": "EMAIL_OPT_IN", "value": "0"}]
    run = email_run.plus(line("attributes", DUE - 30 * MINUTE, source="api", changes=changes, request=None))
    assert causes(run) == ["sent to opted-out: after opting out by the attribute EMAIL_OPT_IN"]


def test_opt_out_of_sms_leaves_emails(email_run):
    changes = [{"customer": "C0000004", "field": "SMS_OPT_IN", "value": "0"}]
    run = email_run.plus(line("attributes", DUE - 30 * MINUTE, source="api", changes=changes, request=None))
    assert causes(run) == []


def test_unsubscribing_must_be_reported_although_no_webhook_says_so(email_run):
    """The provider lists the addresses that unsubscribed, as it lists numbers."""
    at = FIRST_SEND + 2 * HOUR
    opt_out = {"service": "xtremepush", "number": address("447100000004"), "source": "link", "message_type": "email"}
    run = email_run.plus(line("opt_out", at, **opt_out))
    assert [finding.cause for finding in run.findings(opt_out_sync.CHECKS)] == [
        "a provider opt-out was never reported to Optimove"
    ]


@pytest.mark.parametrize(
    ("status", "ending"), [(200, ", as if opening the URL of an unsubscription were one"), (405, "")]
)
def test_opt_out_after_a_scan_is_named(email_run, status, ending):
    """Scanners open the URL with GET; only a POST unsubscribes."""
    sent = email_run.delivery_to(4)
    scan = {"service": sent["service"], "key": f"scan:{sent['message']}", "url": "http://b/u/4", "error": None}
    preference = {"customers": ["C0000004"], "channel": 505, "mode": 2, "opted_out": True, "source": "api"}
    run = email_run.plus(
        line("link_scan", FIRST_SEND + MINUTE, status=status, **scan),
        line("preference", FIRST_SEND + HOUR, **preference),
    )
    (finding,) = run.findings(opt_out_sync.CHECKS)
    assert finding.cause.removesuffix(": only a POST is") == (
        f"an opt-out was reported for a customer who did not opt out{ending}"
    )


@pytest.mark.parametrize(("event", "notes"), [("message_click", 1), ("message_open", 0)])
def test_provider_has_a_name_of_its_own_for_a_click(email_run, event, notes):
    key = f"{event}:{email_run.delivery_to(4)['message']}"
    webhook = {"event": event, "key": key, "url": "http://127.0.0.1/", "attempt": 1, "error": None, "status": 200}
    run = email_run.plus(line("webhook", DUE + HOUR, service="xtremepush", **webhook))
    found = [finding.cause for finding in unreported_clicks(run.history(), "metrics.accurate")]
    assert found == ["the provider reported clicks, and the bridge reported none"] * notes


def test_email_to_a_customer_without_an_address_is_named(email_run):
    unusable = {"owed": False, "reason": "unusable_address", "text": None}
    run = email_run.change("obligation", lambda line: line | unusable if line["customer"] == "C0000004" else line)
    assert causes(run) == ["unexpected: sent to a customer without a usable e-mail address"]


@pytest.fixture
def mailed(email_run):
    """Return a correct run of e-mails with a subject of their own; each begins with it."""
    run = email_run.change("obligation", lambda line: line | {"text": line["text"] and f"News\n{line['text']}"})
    return run.change("delivery", lambda line: line | {"text": f"News\n{line['text']}"})


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("HELLO ANA6, WELCOME.", ["wrong text: the text for readers without HTML is that of another customer"]),
        ("Hello {{ FIRST_NAME }}, welcome.", [f"wrong text: {plain_texts.NOT_FILLED_IN}"]),
        ("Hello, welcome.", []),
        ("Dear Dan3, your mail program cannot show this mail: https://shop.example", []),
        ("Hello {{first}}, welcome.", []),
        ("News\n\nHello Dan3, welcome.", []),
    ],
)
def test_plain_text_is_wrong_if_it_is_not_meant_for_its_recipient(mailed, plain, expected):
    """A bridge may word it in its own way."""
    assert causes(mailed.change_delivery_to(3, plain=plain)) == expected
    assert causes(mailed.plus(mailed.delivery_to(3) | {"message": "again", "plain": plain}))[1:] == expected


def test_plain_text_with_a_subject_of_its_own_is_not_that_of_a_customer_without_a_name(mailed):
    nameless = {"text": "News\nHello , welcome."}
    run = mailed.change("obligation", lambda line: line | nameless if line["customer"] == "C0000006" else line)
    run = run.change_delivery_to(6, **nameless).change_delivery_to(3, plain="News\n\nHello, welcome.")
    assert causes(run) == []


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("Dear {{FIRST_NAME}}, welcome.", []),
        ("Dear {{CITY}}, welcome.", [f"wrong text: {plain_texts.NOT_FILLED_IN}"]),
    ],
)
def test_value_that_looks_like_a_placeholder_is_no_placeholder(mailed, plain, expected):
    """A customer may be called "{{FIRST_NAME}}"."""
    body = {"body": "News\nHello {{FIRST_NAME}}{{CITY}}, welcome."}
    run = mailed.change("campaign", lambda line: line | {"splits": [split | body for split in line["splits"]]})
    due = {"text": "News\nHello {{FIRST_NAME}}, welcome."}
    run = run.change("obligation", lambda line: line | due if line["customer"] == "C0000003" else line)
    assert causes(run.change_delivery_to(3, **due, plain=plain)) == expected


@pytest.mark.parametrize(
    "mail", ["Hello  Dan3,\n50 % off: https://shop.example/a?b=1 (STRASSE, Straße)", "mailto:a@b.example", ""]
)
def test_simulator_and_judge_read_the_same_words(mail: str) -> None:
    """The simulator records only a plain text whose words differ from those of the HTML."""
    assert mail_texts.words_of(mail) == plain_texts.words_of(mail)


SHOP = "https://shop.example/news?lang=fr&at=10 Rue (A)"


@pytest.fixture
def linked(email_run):
    """Return a correct run of e-mails with a link to a shop."""
    text = f"News\nHave a look ({SHOP})\nAbout us (https://shop.example/news)"
    return email_run.change("obligation", lambda line: line | {"text": line["text"] and text}).change(
        "delivery", lambda line: line | {"text": text}
    )


@pytest.mark.parametrize(
    "link",
    [
        f"{SHOP}&utm_source=bridge",
        "https://shop.example/news?utm_source=bridge&at=10 Rue (A)&lang=fr",
        f"https://click.vendor.example/r?to={SHOP}&id=5",
        "https://click.vendor.example/r?to=https%3A%2F%2Fshop.example%2Fnews%3Flang%3Dfr%26at%3D10%2520Rue%2520(A)",
        f"https://click.vendor.example/r/{SHOP}",
        f"https://click.vendor.example/r?to={SHOP}&utm_source=bridge#top",
    ],
)
def test_link_with_more_parameters_or_a_redirect_to_the_due_one_passes(linked, link):
    """A bridge over SMTP learns of clicks in no other way."""
    run = linked.change("delivery", lambda line: line | {"text": line["text"].replace(SHOP, link)})
    assert causes(run) == []
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


@pytest.mark.parametrize(
    ("due", "link"),
    [
        ("https://shop.example", "https://v.example/r?to=https%3A%2F%2Fshop.example%2F"),
        ("https://shop.example/n#top", "https://v.example/r?to=https%3A%2F%2Fshop.example%2Fn%3Futm%3D1%23top"),
        ("https://shop.example/n?lang=en", "https://v.example/r?to=https%3A%2F%2FSHOP.example%2Fn%3Futm%3D1%26lang%3Den"),
        ("https://shop.example:443/n", "https://shop.example/n?utm=1"),
        ("https://shop.example/n?at=AT&T", "https://v.example/r?to=https://shop.example/n?at=AT%26T"),
        ("https://m\u00fcnchen.example/n", "https://xn--mnchen-3ya.example/n?utm=1"),
        ("https://shop.example/n", "https://a.example/r?to=https%3A%2F%2Fb.example%2Fr%3Fu%3Dhttps%253A%252F%252Fshop.example%252Fn"),
        ("https://shop.example/n", "https://v.example/r/https%3A%2F%2Fshop.example%2Fn"),
        ("https://shop.example/n", "https://v.example/r?https://shop.example/n"),
    ],
)  # fmt: skip
def test_spelling_of_the_link_makes_no_difference(email_run, due, link):
    """Programs normalize a URL before they put it into a parameter, and may forward twice."""
    run = email_run.change("obligation", lambda line: line | {"text": line["text"] and f"News\nLook ({due})"})
    run = run.change("delivery", lambda line: line | {"text": f"News\nLook ({link})"})
    assert causes(run) == []
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda link: f"{link}{'&' if '?' in link else '?'}utm_source=bridge",
        lambda link: f"https://v.example/r?to={quote(link, safe='')}&off={quote(SHOP + '/off', safe='')}",
    ],
)
def test_each_link_is_compared_with_the_one_in_its_place(email_run, change):
    """With the parameters of the bridge, the first link equals the second of the template."""
    links = ("https://shop.example/news", "https://shop.example/news?utm_source=bridge", f"{SHOP}/off")
    due = "News\n" + "\n".join(f"Look ({link})" for link in links)
    run = email_run.change("obligation", lambda line: line | {"text": line["text"] and due})
    text = "News\n" + "\n".join(f"Look ({change(link)})" for link in links)
    run = run.change("delivery", lambda line: line | {"text": text})
    assert causes(run) == []
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


@pytest.mark.parametrize(
    ("due", "link"),
    [
        ("https://shop.example/n?at=10%20Rue", "https://shop.example/n?at=10%2520Rue"),
        ("https://shop.example/n?c=AT", "https://shop.example/n?c=AT%26T"),
        ("https://shop.example/n?e=a%2Bb", "https://shop.example/n?e=a+b"),
    ],
)
def test_link_with_another_value_is_wrong(email_run, due, link):
    run = email_run.change("obligation", lambda line: line | {"text": line["text"] and f"News\nLook ({due})"})
    run = run.change("delivery", lambda line: line | {"text": f"News\nLook ({link})"})
    assert {cause.partition(":")[0] for cause in causes(run)} == {"wrong text"}
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


@pytest.mark.parametrize(
    "link",
    [
        SHOP.replace("shop", "click.vendor"),
        "https://click.vendor.example/r/a8Xk",
        "https://shop.example/news",
        f"https://click.vendor.example/r?to={SHOP.replace('news', 'newspaper')}",
        f"https://click.vendor.example/r?to={SHOP}s",
        "https://click.vendor.example/r?to=https://shop.example/news",
    ],
)
def test_link_to_another_place_is_named(linked, link):
    got = linked.delivery_to(4)["text"].replace(SHOP, link)
    run = linked.change_delivery_to(4, text=got)
    assert causes(run) == ["wrong text: a link that leads elsewhere than that of the template"]
    assert differences(run.history(), recount(run.encoded(), provider_facts())) == []


def test_links_that_are_exchanged_are_named(linked):
    got = f"News\nHave a look (https://shop.example/news)\nAbout us ({SHOP})"
    assert causes(linked.change_delivery_to(4, text=got)) == [
        "wrong text: a link that leads elsewhere than that of the template"
    ]


def test_refusal_of_a_mail_with_longer_links_is_that_of_the_due_mail(linked):
    sent = linked.delivery_to(4)
    run = linked.without("delivery", lambda line: line["message"] == sent["message"])
    refused = {"number": sent["number"], "text": sent["text"].replace(SHOP, f"{SHOP}&utm=1"), "message_type": "email"}
    rejection = line("rejection", DUE, service="xtremepush", code="4.2.0", reason="Busy", request=5, **refused)
    assert causes(run.plus(rejection)) == ["lost: xtremepush refused the message (4.2.0 Busy)"]
