"""All sandboxes of a process, and the look-up of a sandbox by credential."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from sendproof_simulators.core.clock.wall_clock import WallClock
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.sandbox import Sandbox, SandboxSettings
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.core.suggestions import suggestion
from sendproof_simulators.core.webhooks.other_clients import OtherClient
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


class SandboxEntry(msgspec.Struct, frozen=True, array_like=True):
    """The facts about a sandbox that matter to other sandboxes: names and credentials are unique, room is limited.

    `place` is that in the order of creation. `credentials` are those it began with, by service and name. `found_by` has
    (service, value, name) of each by which it is found now.
    """

    name: str
    place: int
    credentials: dict[str, dict[str, str]]
    found_by: tuple[tuple[str, str, str], ...]
    snapshot_bytes: int


class Counters(msgspec.Struct, frozen=True, array_like=True):
    """How many names were drawn and sandboxes created so far, in all processes of the simulators."""

    names: int = 0
    sandboxes: int = 0


#: Sandboxes that changed, each by name; None: it was deleted.
Changes = list[tuple[str, SandboxEntry | None]]


class OtherSandboxes:
    """The sandboxes of the other processes of the same simulators, in the order of their creation."""

    def __init__(self) -> None:
        self._by_name: dict[str, SandboxEntry] = {}
        self._by_credential: dict[tuple[str, str], tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[SandboxEntry]:
        return iter(self._by_name.values())

    def apply(self, changes: Changes) -> None:
        """Add, replace and forget sandboxes."""
        for name, entry in changes:
            self._forget_credentials(name)
            if entry is None:
                self._by_name.pop(name, None)
                continue
            self._by_name[name] = entry
            self._by_credential |= {(service, value): (name, given) for service, value, given in entry.found_by}

    def find(self, service: str, credential: str) -> tuple[str, str] | None:
        """Return the names of the sandbox and of the credential, None if it belongs to no other process."""
        return self._by_credential.get((service, credential))

    def _forget_credentials(self, name: str) -> None:
        entry = self._by_name.get(name)
        for service, value, _ in () if entry is None else entry.found_by:
            self._by_credential.pop((service, value), None)


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
        self.others = OtherSandboxes()
        self.counters = Counters()
        #: Numbers of which no two sandboxes of the simulators get the same.
        self.generations: Iterator[int] = count(1)
        #: The names of sandboxes that changed since the last `take_changes`; None if no other process wants to know.
        self.changed: dict[str, None] | None = None
        #: The seed of all credentials; None: those of the default sandbox are published, others follow its own seed.
        self.credential_seed: int | None = None
        #: The maximum number of sandboxes, each of which needs about a megabyte.
        self.maximum: int | None = None
        self._has_deleted = False
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
        if settings.name in self._by_id or settings.name in self.others:
            raise ValueError(f"expected a new sandbox name, got {settings.name!r}; choose another or delete it first")
        if self.maximum is not None and len(self._by_id) + len(self.others) >= self.maximum:
            raise ValueError(f"expected at most {self.maximum} sandboxes; delete those that are no longer needed")
        sandbox = self._new_sandbox(settings, clock_of)
        self.counters = replace(self.counters, sandboxes=self.counters.sandboxes + 1)
        sandbox.place = self.counters.sandboxes
        return self._add(sandbox)

    async def reset(self, name: str) -> Sandbox:
        """Replace a sandbox with one as it was created, with the same credentials, and return that.

        `KeyError` if there is no such sandbox. No other sandbox may be on its clock.
        """
        old = self.get(name)
        new = self._new_sandbox(dataclasses.replace(old.settings, start=old.start_of_reset()), None)
        new.place = old.place
        await self.swap(old, new)
        return new

    async def swap(self, old: Sandbox, new: Sandbox) -> None:
        """Put a sandbox in the place of one of the same name, which is closed."""
        self._forget_credentials(old)
        self._add(new)
        await old.close(stop_clock=not self.on_clock_of(old))

    def real_time(self) -> float:
        """Return the steady time of this process in seconds since 1970, as entries of journals have it."""
        return round(self._wall.steady(), 3)

    def _new_sandbox(self, settings: SandboxSettings, clock_of: Sandbox | None) -> Sandbox:
        clock = None if clock_of is None else clock_of.clock
        credentials = self._credentials(settings)
        watch = self.watch if settings.strict else self.watch_everywhere
        return Sandbox(settings, self._simulators, self._contracts, credentials, self._wall, self._sender, clock, watch)

    def _add(self, sandbox: Sandbox) -> Sandbox:
        """Make a sandbox findable by its name and its credentials."""
        sandbox.generation = next(self.generations)
        sandbox.dispatcher.other_clients = lambda: self._other_clients_of_bridge(sandbox)
        self._by_id[sandbox.id] = sandbox
        self.note_change(sandbox.id)
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
        self.note_change(sandbox.id)
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
        self.note_change(sandbox.id)
        sandbox.generation = next(self.generations)

    def fresh_name(self) -> str:
        """Return a name that no sandbox of these simulators has had."""
        self.counters = replace(self.counters, names=self.counters.names + 1)
        return f"sandbox-{self.counters.names}"

    def note_change(self, name: str) -> None:
        """Note that something in the entry of a sandbox has changed."""
        if self.changed is not None:
            self.changed[name] = None

    def take_changes(self) -> Changes:
        """Return what changed since the last call, for other processes."""
        changed, self.changed = self.changed or {}, {}
        return [(name, self._entry(self._by_id[name]) if name in self._by_id else None) for name in changed]

    def _entry(self, sandbox: Sandbox) -> SandboxEntry:
        return SandboxEntry(
            name=sandbox.id,
            place=sandbox.place,
            credentials={service: dict(values) for service, values in sandbox.credentials.items()},
            found_by=self.credentials_of(sandbox),
            snapshot_bytes=snapshot_bytes(sandbox),
        )

    def snapshot_bytes(self) -> int:
        """Return the size of all snapshots of these simulators."""
        own = (snapshot_bytes(sandbox) for sandbox in self)
        return sum(chain(own, (other.snapshot_bytes for other in self.others)))

    def other_clients(self, sandbox: Sandbox) -> Iterator[tuple[str, Mapping[str, Mapping[str, str]]]]:
        """Yield the names of all other sandboxes, with the credentials by service."""
        yield from ((other.id, other.credentials) for other in self if other is not sandbox)
        yield from ((other.name, other.credentials) for other in self.others)

    def get(self, name: str) -> Sandbox:
        """Return the sandbox with this name; `KeyError` lists the existing ones."""
        try:
            return self._by_id[name]
        except KeyError:
            raise KeyError(f"no sandbox is named {name!r}; {suggestion(name, self._all_names())}") from None

    def _all_names(self) -> list[str]:
        """Return the names of all sandboxes of the simulators, in the order of creation."""
        places = {other.name: other.place for other in self.others} | {own.id: own.place for own in self}
        return sorted(places, key=places.__getitem__)

    def on_clock_of(self, sandbox: Sandbox) -> list[Sandbox]:
        """Return all sandboxes on the clock of this one, this one included."""
        return [other for other in self if other.clock is sandbox.clock]

    def _other_clients_of_bridge(self, sandbox: Sandbox) -> list[OtherClient]:
        """Return the other clients of the bridge of a sandbox, which are on its clock."""
        others = [other for other in self.on_clock_of(sandbox) if other is not sandbox]
        return [OtherClient(log=other.dispatcher.log, knows=other.customers.has_contact) for other in others]

    def find(self, service: str, credential: str | None) -> Owner | None:
        """Return the owner of a credential, or None if it is unknown."""
        return None if credential is None else self._by_credential.get((service, credential))

    def owner_of(self, credential: str) -> tuple[str, str] | None:
        """Return the service and the name of a credential of any sandbox, None for an unknown one."""
        owners = ((service, self._names(service, credential)) for service in self._simulators)
        return next(((service, names[1]) for service, names in owners if names is not None), None)

    def find_misplaced(self, request: Request) -> str | None:
        """Return the sandbox of a credential of any service in the wrong place: another header, or the query."""
        texts = (*request.headers.values(), *(value for _, value in request.query))
        words = {word for text in texts for word in text.split()}
        owners = (self._names(service, word) for word in sorted(words) for service in self._simulators)
        return next((names[0] for names in owners if names is not None), None)

    def _names(self, service: str, credential: str) -> tuple[str, str] | None:
        """Return the names of the sandbox that a credential belongs to, here or elsewhere, and of the credential."""
        owner = self.find(service, credential)
        return self.others.find(service, credential) if owner is None else (owner.sandbox.id, owner.credential_name)

    async def delete(self, name: str) -> None:
        """Close a sandbox and forget its credentials; other sandboxes on its clock are not affected."""
        sandbox = self.get(name)
        del self._by_id[name]
        self.note_change(name)
        self._forget_credentials(sandbox)
        await sandbox.close(stop_clock=not self.on_clock_of(sandbox))
        self._has_deleted = True

    def take_deleted(self) -> bool:
        """Return True if a sandbox was deleted since the last call. Its parts refer to each other."""
        has_deleted, self._has_deleted = self._has_deleted, False
        return has_deleted

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


def snapshot_bytes(sandbox: Sandbox) -> int:
    """Return the size of the snapshots of a sandbox."""
    return sum(len(snapshot.image.data) for snapshot in sandbox.snapshots.values())
