"""The clock of a run, as the supervisor of several workers uses it."""

from typing import Any

import aiohttp

_NAME = "supervisor"


class GroupClock:
    """Removes killed workers from the clock, and holds time while no worker takes part."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def participants(self) -> list[str]:
        """Return the names of the workers that take part now."""
        return [name for participant in (await self._read())["participants"] if (name := participant["name"]) != _NAME]

    async def remove(self, participant: str | None) -> None:
        """Let time no longer wait for a process that was killed; it need not have taken part."""
        async with self._session.delete(f"{self._url}/participants/{participant}"):
            pass

    async def hold(self) -> None:
        """Keep time from passing: a park until now ends at once, and its participant is busy."""
        clock = await self._read()
        body = {"participant": _NAME, "until": clock["now"], "since": clock["delivered"]}
        async with self._session.post(f"{self._url}/park", json=body):
            pass

    async def release(self) -> None:
        """Let time pass again."""
        async with self._session.delete(f"{self._url}/participants/{_NAME}"):
            pass

    async def _read(self) -> dict[str, Any]:
        async with self._session.get(self._url) as response:
            clock: dict[str, Any] = await response.json()
            return clock
