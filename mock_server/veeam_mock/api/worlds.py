"""A world: all that one client, or one test, sees of the server."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from veeam_mock.faults.parsing import FaultParser
from veeam_mock.faults.rules import Plan
from veeam_mock.model.clock import Clock
from veeam_mock.model.device_codes import DeviceCode, DeviceCodes
from veeam_mock.model.limits import CODES, LOGINS, Counter
from veeam_mock.model.organizations import Organization, Organizations
from veeam_mock.model.randomness import Randomness
from veeam_mock.model.restore_sessions import RestoreSession, RestoreSessions
from veeam_mock.model.store import MemoryStore, Room, Store
from veeam_mock.model.tokens import Endings, Lifetimes, Login, Tokens
from veeam_mock.settings.settings import Settings
from veeam_mock.spec.renditions import RENDITIONS
from veeam_mock.world_names import BAD_NAME, DEFAULT, NOT_MADE, is_world_name

MOST_ORGANIZATIONS = 10_000
MOST_RESTORE_SESSIONS = 10_000

ENDINGS = ("refresh-rotation", "refresh-access", "logins-per-user")
"""The questions whose readings say what ends tokens early."""


class Kept(NamedTuple):
    """Where a world keeps what it knows: its time, chance and faults, and its records."""

    clock: Clock
    randomness: Randomness
    faults: Plan
    access: Store[Login]
    refresh: Store[Login]
    codes: Store[DeviceCode]
    organizations: Store[Organization]
    restore_sessions: Store[RestoreSession]
    throttle: Callable[[float], None]
    login_limit: Callable[[float], None]


class World:
    """State, time, chance and faults, as `kept` has them, and the settings by which they go on. `epoch` is another each
    time that the world begins anew."""

    def __init__(self, name: str, settings: Settings, kept: Kept) -> None:
        self.name = name
        self.epoch: object = object()
        self.settings = settings
        self.product = RENDITIONS[settings.api[-1]].product
        self.clock, self.randomness, self.faults = kept.clock, kept.randomness, kept.faults
        self.lifetimes = Lifetimes(settings.code_lifetime, settings.token_lifetime, settings.refresh_lifetime)
        self.tokens = Tokens(
            self.clock,
            self.randomness,
            self.lifetimes,
            passwords=settings.passwords,
            forms=settings.forms,
            access=kept.access,
            refresh=kept.refresh,
            endings=Endings(*map(settings.ambiguities.__getitem__, ENDINGS)),
        )
        self.device_codes = DeviceCodes(
            self.clock,
            self.randomness,
            self.lifetimes,
            store=kept.codes,
            length=int(settings.ambiguities["code-shape"]),
            form=settings.forms.get("code"),
            throttle=kept.throttle if settings.ambiguities["throttling"] == "some" else None,
            auto_approve=settings.auto_approve,
        )
        self._growing: tuple[Store[Any], ...] = (kept.access, kept.refresh, kept.codes)
        self.count_login = kept.login_limit
        self.organizations = Organizations(kept.organizations)
        self.restore_sessions = RestoreSessions(kept.restore_sessions)

    def seed(self) -> None:
        """Put in what a world begins with."""
        for entry in self.settings.organizations:
            self.organizations.add(seeded_organization(entry))
        for key in self.settings.restore_sessions:
            self.restore_sessions.start(RestoreSession(key, "", "Vex", self.clock.now()))

    def forget(self) -> None:
        """Give back the room of what clients had it keep."""
        for store in self._growing:
            store.clear()

    def change(self, settings: Settings) -> None:
        """Go on with other settings; what has been issued keeps its end."""
        self.settings = settings
        self.device_codes.auto_approve = settings.auto_approve
        self.lifetimes.code = settings.code_lifetime
        self.lifetimes.token = settings.token_lifetime
        self.lifetimes.refresh = settings.refresh_lifetime


class Rooms(NamedTuple):
    """The room for what clients make the server keep, over all worlds of a process."""

    access: Room
    refresh: Room
    codes: Room

    @classmethod
    def of(cls, settings: Settings) -> "Rooms":
        """As large as the settings say."""
        return cls(Room(settings.most_tokens), Room(settings.most_tokens), Room(settings.most_codes))


def make_world(
    name: str, settings: Settings, parser: FaultParser, rooms: Rooms, source: Callable[[], float] | None = None
) -> World:
    """A new world in this process. `source` gives real time in Unix seconds, UTC."""
    clock = Clock(source)
    seed = seed_of(name, settings)
    standing = tuple(parser.parse(fault, clock.now(), standing=True) for fault in settings.faults)
    access: MemoryStore[Login] = MemoryStore(rooms.access)
    refresh: MemoryStore[Login] = MemoryStore(rooms.refresh)
    codes: MemoryStore[DeviceCode] = MemoryStore(rooms.codes)
    kept = Kept(
        clock,
        Randomness(seed),
        Plan(clock, None if seed is None else f"{seed}/faults", standing),
        access,
        refresh,
        codes,
        MemoryStore(Room(MOST_ORGANIZATIONS)),
        MemoryStore(Room(MOST_RESTORE_SESSIONS)),
        Counter(CODES),
        Counter(LOGINS),
    )
    world = World(name, settings, kept)
    world.seed()
    return world


def seed_of(name: str, settings: Settings) -> int | str | None:
    """The seed of a world's chance; None for none."""
    return settings.seed if settings.seed is None or name == DEFAULT else f"{settings.seed}/{name}"


class NoSuchWorld(ValueError):
    """A name that no world can have."""


class TooManyWorlds(RuntimeError):
    """The table of worlds is full."""

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} worlds already; drop one by POST /__admin/reset in it.")


class Worlds(Protocol):
    """All worlds by name, each made on first use. The caller holds the pipeline's lock.

    `default` is the world of requests that name none, as this process last saw it.
    """

    default: World

    def find(self, name: str, *, may_make: bool = True) -> World:
        """The world of this name. `NoSuchWorld` for a bad name, and for a new one where it may not be made;
        `TooManyWorlds` when there is no room for a new one."""

    def has(self, name: str) -> bool:
        """Whether the world of this name is there."""

    def reset(self, name: str) -> None:
        """Drop a world; it starts anew on its next use."""

    def names(self) -> list[str]:
        """The names of all worlds, the default one first."""

    def change(self, world: World, changes: Mapping[str, Any]) -> None:
        """Let a world go on with other settings; `SettingsError`, and nothing is changed, when they do not fit."""


class WorldsInMemory(Worlds):
    """The worlds of this process alone. `on_change` is called when one has come or gone."""

    def __init__(
        self,
        settings: Settings,
        parser: FaultParser,
        clock: Callable[[], float] | None = None,
        *,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._on_change = on_change
        self._clock = clock
        self._parser = parser
        self._rooms = Rooms.of(settings)
        self._worlds: dict[str, World] = {}
        self.default = self._make(DEFAULT)

    def find(self, name: str, *, may_make: bool = True) -> World:
        world = self._worlds.get(name)
        if world is None and not may_make:
            raise NoSuchWorld(NOT_MADE)
        return self._make(name) if world is None else world

    def has(self, name: str) -> bool:
        return name in self._worlds

    def reset(self, name: str) -> None:
        if name in self._worlds:
            self._worlds[name].forget()
        if name == DEFAULT:
            self.default = self._make(DEFAULT)
        else:
            self._worlds.pop(name, None)
            self._on_change()

    def names(self) -> list[str]:
        return list(self._worlds)

    def change(self, world: World, changes: Mapping[str, Any]) -> None:
        world.change(world.settings.replace(**changes))

    def _make(self, name: str) -> World:
        if not is_world_name(name):
            raise NoSuchWorld(BAD_NAME)
        if name not in self._worlds and len(self._worlds) > self._settings.most_worlds:
            raise TooManyWorlds(self._settings.most_worlds)
        world = self._worlds[name] = make_world(name, self._settings, self._parser, self._rooms, self._clock)
        self._on_change()
        return world


def seeded_organization(entry: Mapping[str, Any]) -> Organization:
    """An organization from its settings; without an id it gets one that depends on its name alone."""
    name = entry["name"]
    return Organization(
        id=entry.get("id") or str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        name=name,
        region=entry.get("region", "Worldwide"),
        office_name=entry.get("officeName", name),
        type=entry.get("type", "Office365"),
        is_backed_up=entry.get("isBackedup", False),
    )
