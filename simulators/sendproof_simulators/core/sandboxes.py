"""All sandboxes of a process, and the look-up of a sandbox by credential."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import WallClock
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.sandbox import Sandbox, SandboxSettings
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.core.suggestions import suggestion
from sendproof_simulators.core.webhooks.sender import WebhookSender

DEFAULT = "default"
# The name of a login where a request presents it instead of a key.
_LOGIN = "login"


class Owner(NamedTuple):
    """The sandbox that a credential belongs to, and the credential's name. The value is secret."""

    sandbox: Sandbox
    credential_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotBounds:
    """The maximum number of snapshots of one sandbox, and of bytes of the snapshots of all sandboxes."""

    count: int = 20
    total_bytes: int = 512 * 1024 * 1024


class Sandboxes:
    """Creates, finds and deletes sandboxes."""

    def __init__(
        self,
        simulators: Mapping[str, Simulator],
        contracts: Mapping[str, Contract],
        wall: WallClock,
        sender: WebhookSender,
        watch: Watch | None = None,
    ) -> None:
        """Both `simulators` and `contracts` are by service.

        `watch` checks what the services send, in sandboxes that ask for it or everywhere.
        """
        self.watch = watch or Watch(contracts)
        self._simulators = simulators
        self._contracts = contracts
        self._wall = wall
        self._sender = sender
        self._by_id: dict[str, Sandbox] = {}
        self._by_credential: dict[tuple[str, str], Owner] = {}
        self._names_drawn = 0
        self._created = 0
        #: The seed of all credentials; None: those of the default sandbox are published, others follow its own seed.
        self.credential_seed: int | None = None
        #: The maximum number of sandboxes, each of which needs about a megabyte.
        self.maximum: int | None = None
        self.snapshots = SnapshotBounds()

    @property
    def webhook_attempts(self) -> Mapping[int | None, int]:
        """The number of attempts by hundreds of the response's status; None: there was no response."""
        return self._sender.attempts

    def __iter__(self) -> Iterator[Sandbox]:
        return iter(self._by_id.values())

    def create(self, settings: SandboxSettings, clock_of: Sandbox | None = None) -> Sandbox:
        """Create a sandbox, on the clock of another sandbox if one is given.

        Raise `ValueError` if its name is taken or there are too many sandboxes.
        """
        if settings.name in self._by_id:
            raise ValueError(f"expected a new sandbox name, got {settings.name!r}; choose another or delete it first")
        if self.maximum is not None and len(self._by_id) >= self.maximum:
            raise ValueError(f"expected at most {self.maximum} sandboxes; delete those that are no longer needed")
        return self._add(self._new_sandbox(settings, clock_of))

    async def reset(self, name: str) -> Sandbox:
        """Replace a sandbox with one as it was created, with the same credentials, and return that.

        `KeyError` if there is no such sandbox. No other sandbox may be on its clock.
        """
        old = self.get(name)
        new = self._new_sandbox(replace(old.settings, start=old.start_of_reset()), None)
        await self.swap(old, new)
        return new

    async def swap(self, old: Sandbox, new: Sandbox) -> None:
        """Put a sandbox in the place of one of the same name, which is closed."""
        self._forget_credentials(old)
        self._add(new)
        await old.close(stop_clock=not self.on_clock_of(old))

    def real_time(self) -> float:
        """Return the machine's clock in seconds since 1970, as entries of journals have it."""
        return round(self._wall.time(), 3)

    def _new_sandbox(self, settings: SandboxSettings, clock_of: Sandbox | None) -> Sandbox:
        clock = None if clock_of is None else clock_of.clock
        credentials = self._credentials(settings)
        watch = self.watch if settings.strict else self.watch_everywhere
        return Sandbox(settings, self._simulators, self._contracts, credentials, self._wall, self._sender, clock, watch)

    def _add(self, sandbox: Sandbox) -> Sandbox:
        """Make a sandbox findable by its name and its credentials."""
        self._created += 1
        sandbox.generation = self._created
        self._by_id[sandbox.id] = sandbox
        for service, values in sandbox.credentials.items():
            simulator = self._simulators[service]
            for name, value in values.items():
                if name not in simulator.public:
                    self.register_credential(service, name, value, sandbox)
            for value in simulator.extra_credentials(values):
                self.register_credential(service, _LOGIN, value, sandbox)
        return sandbox

    @property
    def watch_everywhere(self) -> Watch | None:
        """The watch, if it also checks what belongs to no sandbox, or to one that does not ask for it."""
        return self.watch if self.watch.everywhere else None

    def register_credential(self, service: str, name: str, credential: str, sandbox: Sandbox) -> None:
        """Make a sandbox findable by one more credential of a service."""
        self._by_credential[service, credential] = Owner(sandbox, name)
        # An id or a user name only says whose account it is.
        if name != "username" and not name.endswith("_id"):
            sandbox.redaction.add(credential)

    def credentials_of(self, sandbox: Sandbox) -> tuple[tuple[str, str, str], ...]:
        """Return (service, value, name) of each credential by which a sandbox is found."""
        items = self._by_credential.items()
        return tuple((*key, owner.credential_name) for key, owner in items if owner.sandbox is sandbox)

    def renew(self, sandbox: Sandbox, credentials: Iterable[tuple[str, str, str]]) -> None:
        """Treat a sandbox as a new one, because its past has changed; it is found by these credentials alone."""
        self._forget_credentials(sandbox)
        for service, value, name in credentials:
            self._by_credential[service, value] = Owner(sandbox, name)
        self._created += 1
        sandbox.generation = self._created

    def fresh_name(self) -> str:
        """Return a name that no sandbox of this process has had."""
        self._names_drawn += 1
        return f"sandbox-{self._names_drawn}"

    def get(self, name: str) -> Sandbox:
        """Return the sandbox with this name; `KeyError` lists the existing ones."""
        try:
            return self._by_id[name]
        except KeyError:
            raise KeyError(f"no sandbox is named {name!r}; {suggestion(name, self._by_id)}") from None

    def on_clock_of(self, sandbox: Sandbox) -> list[Sandbox]:
        """Return all sandboxes on the clock of this one, this one included."""
        return [other for other in self if other.clock is sandbox.clock]

    def find(self, service: str, credential: str | None) -> Owner | None:
        """Return the owner of a credential, or None if it is unknown."""
        return None if credential is None else self._by_credential.get((service, credential))

    def owner_of(self, credential: str) -> tuple[str, str] | None:
        """Return the service and the name of a credential of any sandbox, None for an unknown one."""
        owners = ((service, self.find(service, credential)) for service in self._simulators)
        return next(((service, owner.credential_name) for service, owner in owners if owner is not None), None)

    def find_misplaced(self, request: Request) -> Sandbox | None:
        """Return the sandbox of a credential of any service in the wrong place: another header, or the query."""
        texts = (*request.headers.values(), *(value for _, value in request.query))
        words = {word for text in texts for word in text.split()}
        owners = (self.find(service, word) for word in sorted(words) for service in self._simulators)
        return next((owner.sandbox for owner in owners if owner is not None), None)

    async def delete(self, name: str) -> None:
        """Close a sandbox and forget its credentials; other sandboxes on its clock are not affected."""
        sandbox = self.get(name)
        del self._by_id[name]
        self._forget_credentials(sandbox)
        await sandbox.close(stop_clock=not self.on_clock_of(sandbox))

    def _forget_credentials(self, sandbox: Sandbox) -> None:
        for key in [key for key, owner in self._by_credential.items() if owner.sandbox is sandbox]:
            del self._by_credential[key]

    async def close(self) -> None:
        """Delete all sandboxes."""
        for name in list(self._by_id):
            await self.delete(name)

    def _credentials(self, settings: SandboxSettings) -> dict[str, dict[str, str]]:
        simulators = self._simulators.items()
        if settings.name == DEFAULT and self.credential_seed is None:
            return {name: dict(simulator.default_credentials) for name, simulator in simulators}
        # The name is part of the draw: two sandboxes with one seed must not share a key.
        random = KeyedRandom(settings.seed if self.credential_seed is None else self.credential_seed)
        return {name: simulator.credentials(random, settings.name) for name, simulator in simulators}
