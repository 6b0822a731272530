"""Calls for a webhook that the bridge has not answered wait for the answer."""

import asyncio

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.webhooks.unanswered import OpenWebhook, UnansweredWebhooks

PAGE = Request(method="GET", path="/customers/GetCustomerSendDetailsByChannel", query=(("CampaignID", "7001"),))


def event(*subjects: str) -> Webhook:
    return Webhook(url="http://127.0.0.1:9000/hook", key="13:7001:505", event="13", body=b"{}", subjects=subjects)


async def answer(webhooks: UnansweredWebhooks, opened: OpenWebhook) -> None:
    webhooks.end(opened)


def test_call_for_an_answered_webhook_does_not_wait():
    async def answer_first() -> int | None:
        webhooks = UnansweredWebhooks()
        opened = webhooks.begin(event("7001"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(webhooks.hold(PAGE, 12))
            tasks.create_task(answer(webhooks, opened))
        return opened.held_call

    assert asyncio.run(answer_first()) is None


def test_call_before_the_answer_is_named():
    async def work_first() -> int | None:
        webhooks = UnansweredWebhooks(hold_seconds=0.01)
        opened = webhooks.begin(event("7001"))
        await webhooks.hold(PAGE, 12)
        webhooks.end(opened)
        return opened.held_call

    assert asyncio.run(work_first()) == 12


def test_number_in_an_encoded_form_is_found():
    async def work_first() -> int | None:
        webhooks = UnansweredWebhooks(hold_seconds=0.01)
        opened = webhooks.begin(event("C0000042", "447100000042"))
        form = b"data=%7B%22messages%22%3A%5B%7B%22number%22%3A%22447100000042%22%7D%5D%7D"
        await webhooks.hold(Request(method="POST", path="/bulk_json/", body=form), 12)
        return opened.held_call

    assert asyncio.run(work_first()) == 12


def test_call_about_another_subject_does_not_wait():
    async def other_work() -> int | None:
        webhooks = UnansweredWebhooks(hold_seconds=60)
        opened = webhooks.begin(event("700"))
        await webhooks.hold(PAGE, 12)
        return opened.held_call

    assert asyncio.run(other_work()) is None


def test_second_webhook_about_a_subject_is_not_watched():
    """The first one, answered or not, may have caused the work."""

    async def twice() -> list[bool]:
        webhooks = UnansweredWebhooks()
        return [webhooks.begin(event("7001")) is not None for _ in range(2)]

    assert asyncio.run(twice()) == [True, False]
