"""Requests for long lists by many clients, and another client. The order of the responses counts, not their time."""

import asyncio
import json

import pytest

from local_simulators import LocalSimulators, local_simulators, send_to

LISTS = 12


async def responses_in_order(
    simulators: LocalSimulators, path: str, query: str, other: str, other_query: str = ""
) -> list[str]:
    """Send a request several times and another one, all together, and return which responses came in which order."""
    order: list[str] = []

    async def request(name: str, path: str, query: str) -> None:
        reply = await send_to(simulators.app, "GET", f"/control/sandboxes{path}", query, {}, b"")
        assert reply.status == 200, reply
        order.append(name)

    await asyncio.gather(*(request("list", path, query) for _ in range(LISTS)), request("other", other, other_query))
    return order


@pytest.mark.parametrize("query", ["limit=1000", "limit=1000&search=nobody"])
def test_other_client_is_served_before_the_long_lists_of_many(query: str) -> None:
    """Its request came last. Only the first list, whose cost is unknown, may come before it."""
    settings = {"seed": 7, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}}
    with local_simulators() as simulators:
        for name, customers in (("large", 2000), ("small", 5)):
            body = json.dumps({**settings, "name": name, "audience": {"customers": customers}}).encode()
            simulators.send("POST", "/control/sandboxes", "", {"content-type": "application/json"}, body)
        order = simulators.runner.run(responses_in_order(simulators, "/large/customers", query, "/small/clock"))
    assert order.index("other") <= 1, order


def test_other_sandbox_gets_the_same_list_before_the_flood_of_one() -> None:
    """Two hundred connections for one sandbox would delay the list of another by seconds."""
    settings = {"seed": 7, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}}
    query = "limit=1000&search=nobody"
    with local_simulators() as simulators:
        for name in ("flooded", "another"):
            body = json.dumps({**settings, "name": name, "audience": {"customers": 2000}}).encode()
            simulators.send("POST", "/control/sandboxes", "", {"content-type": "application/json"}, body)
            # From now on the operation is known to be costly.
            simulators.send("GET", f"/control/sandboxes/{name}/customers", query, {}, b"")
        order = simulators.runner.run(
            responses_in_order(simulators, "/flooded/customers", query, "/another/customers", query)
        )
    assert order.index("other") <= 1, order
