"""All sandboxes of a process, and which of them a credential belongs to."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import WallClock
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.sandbox import Sandbox, SandboxSettings
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.core.webhooks.sender import WebhookSender

DEFAULT = "default"
# A sandbox costs about a megabyte; a process that makes more than this has forgotten to delete them.
MAX_SANDBOXES = 1_000
# What a login is called where a request shows that in place of a key.
_LOGIN = "login"


class Owner(NamedTuple):
    """Whose a credential is, and what it is called there; its value is for nobody to read."""

    sandbox: Sandbox
    key: str


class Sandboxes:
    """Makes, finds and deletes sandboxes."""

    def __init__(self, providers: Mapping[str, Simulator], wall: WallClock, sender: WebhookSender) -> None:
        self._providers = providers
        self._wall = wall
        self._sender = sender
        self._by_id: dict[str, Sandbox] = {}
        self._by_credential: dict[tuple[str, str], Owner] = {}
        self._made = 0

    def __iter__(self) -> Iterator[Sandbox]:
        return iter(self._by_id.values())

    def create(self, settings: SandboxSettings, clock_of: Sandbox | None = None) -> Sandbox:
        """Make a sandbox, on the clock of another if one is given.

        `ValueError` when its name is taken or there are too many.
        """
        if settings.name in self._by_id:
            raise ValueError(f"there is a sandbox named {settings.name!r} already; choose another name or delete it")
        if len(self._by_id) >= MAX_SANDBOXES:
            raise ValueError(f"there are {MAX_SANDBOXES} sandboxes already; delete those that are done with")
        clock = None if clock_of is None else clock_of.clock
        sandbox = Sandbox(settings, self._providers, self._credentials(settings), self._wall, self._sender, clock)
        self._by_id[settings.name] = sandbox
        for service, values in sandbox.credentials.items():
            provider = self._providers[service]
            for name, value in values.items():
                if name not in provider.public:
                    self.register_credential(service, name, value, sandbox)
            for value in provider.extra_credentials(values):
                self.register_credential(service, _LOGIN, value, sandbox)
        return sandbox

    def register_credential(self, service: str, key: str, credential: str, sandbox: Sandbox) -> None:
        """Let a sandbox be found by one more credential of a service, which is called `key`."""
        self._by_credential[service, credential] = Owner(sandbox, key)

    def fresh_name(self) -> str:
        """A name that no sandbox of this process has had."""
        self._made += 1
        return f"sandbox-{self._made}"

    def get(self, name: str) -> Sandbox:
        """The sandbox of that name; `KeyError` says which there are."""
        try:
            return self._by_id[name]
        except KeyError:
            known = ", ".join(self._by_id) or "none"
            raise KeyError(f"no sandbox is named {name!r}; there are: {known}") from None

    def on_clock_of(self, sandbox: Sandbox) -> list[Sandbox]:
        """All that live on one clock, this one included."""
        return [one for one in self if one.clock is sandbox.clock]

    def find(self, service: str, credential: str | None) -> Owner | None:
        """Whose credential this is, if anybody's."""
        return None if credential is None else self._by_credential.get((service, credential))

    async def delete(self, name: str) -> None:
        """End a sandbox and forget its credentials; others on its clock go on."""
        sandbox = self.get(name)
        del self._by_id[name]
        for key in [key for key, owner in self._by_credential.items() if owner.sandbox is sandbox]:
            del self._by_credential[key]
        await sandbox.close(alone=not self.on_clock_of(sandbox))

    async def close(self) -> None:
        """End them all."""
        for name in list(self._by_id):
            await self.delete(name)

    def _credentials(self, settings: SandboxSettings) -> dict[str, dict[str, str]]:
        if settings.name == DEFAULT:
            return {name: dict(p.default_credentials) for name, p in self._providers.items()}
        # The name is part of the draw: two sandboxes with one seed must not share a key.
        random = KeyedRandom(settings.seed)
        return {name: p.credentials(random, settings.name) for name, p in self._providers.items()}
