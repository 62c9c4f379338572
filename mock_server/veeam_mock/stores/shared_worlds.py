"""Worlds that lie in a store which several processes share."""

import contextlib
import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from veeam_mock.api import worlds
from veeam_mock.api.worlds import Kept, NoSuchWorld, TooManyWorlds, World, Worlds, seed_of, seeded_organization
from veeam_mock.faults.parsing import FaultParser
from veeam_mock.faults.rules import Rule
from veeam_mock.model.errors import StoreAway
from veeam_mock.model.limits import CODES, LOGINS
from veeam_mock.model.randomness import Randomness
from veeam_mock.model.restore_sessions import RestoreSession
from veeam_mock.settings.options import OPTIONS
from veeam_mock.settings.settings import Settings
from veeam_mock.stores import records, scripts
from veeam_mock.stores.link import Link
from veeam_mock.stores.place import Place, Standing
from veeam_mock.stores.redis_store import RedisStore
from veeam_mock.stores.shared_plan import SharedPlan, written
from veeam_mock.stores.world_parts import SharedClock, SharedCounter, SharedRandomness
from veeam_mock.world_names import BAD_NAME, DEFAULT, NOT_MADE, is_world_name

OF_A_PROCESS = frozenset(
    {"host", "port", "port_file", "name", "http", "cert", "key", "request_timeout", "log", "log_format", "quiet"}
    | {"store", "store_prefix", "workers", "cors", "allow_host", "admin_key", "username", "password", "users"}
)
"""Settings that say nothing of what is in a world, or are secret."""


class SharedWorld(World):
    """A world in the store, as this process last saw it."""

    def __init__(self, name: str, settings: Settings, parser: FaultParser, link: Link) -> None:
        self.place = Place(link, name)
        self._begun_with = settings
        self._version = ("", "")
        self._clock = SharedClock(self.place)
        seed = seed_of(name, settings)

        def parse(given: Any, now: float) -> Rule:
            return parser.parse(given, now, standing=True)

        self._plan = SharedPlan(self._clock, None if seed is None else f"{seed}/faults", self.place, parse)
        kept = Kept(
            self._clock,
            Randomness() if seed is None else SharedRandomness(self.place, seed),
            self._plan,
            RedisStore(self.place, records.ACCESS, settings.most_tokens),
            RedisStore(self.place, records.REFRESH, settings.most_tokens),
            RedisStore(self.place, records.CODES, settings.most_codes),
            RedisStore(self.place, records.ORGANIZATIONS, worlds.MOST_ORGANIZATIONS),
            RedisStore(self.place, records.RESTORE_SESSIONS, worlds.MOST_RESTORE_SESSIONS),
            SharedCounter(self.place, "issued", CODES),
            SharedCounter(self.place, "logins", LOGINS),
        )
        super().__init__(name, settings, kept)

    def take_up(self, standing: Standing) -> None:
        """Go on from what the store says."""
        self.epoch = standing.epoch
        self._clock.take_up(standing)
        self._plan.take_up(standing.faults)
        version = standing.epoch, standing.settings
        if version != self._version:
            changes = {}
            if standing.settings != "0":
                fields = self.place.link.fields(f"{self.place.key}:settings")
                changes = {key.decode(): orjson.loads(text) for key, text in fields.items()}
            self.change(self._begun_with.replace(**changes) if changes else self._begun_with)
            self._version = version

    def begin_at(self, now: float) -> None:
        """Set the clock of a world that is not in the store yet, in Unix seconds, UTC."""
        self._clock.take_up(Standing(now, "", "0.0", "", "0", "0"))

    def seeds(self) -> Iterator[tuple[str, str, str, int, str]]:
        """What the world begins with: kind, key, record, bound and name of each."""
        form = records.ORGANIZATIONS
        for entry in self._begun_with.organizations:
            organization = seeded_organization(entry)
            text, name = form.write(organization).decode(), organization.name.lower()
            yield form.kind, organization.id.lower(), text, worlds.MOST_ORGANIZATIONS, name
        sessions = records.RESTORE_SESSIONS
        for key in self._begun_with.restore_sessions:
            session = RestoreSession(key, "", "Vex", self.clock.now())
            yield sessions.kind, key.lower(), sessions.write(session).decode(), worlds.MOST_RESTORE_SESSIONS, ""


class SharedWorlds(Worlds):
    """The worlds of all servers that share a store. Each is read anew for each request."""

    def __init__(self, settings: Settings, parser: FaultParser, link: Link, *, anew: bool) -> None:
        self._settings = settings
        self._parser = parser
        self._link = link
        self._begin: str | None = "anew" if anew else "keep"
        self._seen: OrderedDict[str, SharedWorld] = OrderedDict()
        self._default = SharedWorld(DEFAULT, settings, parser, link)
        self.default = self._default
        with contextlib.suppress(StoreAway):  # then it is done as soon as the store is there
            self._begin_worlds()

    def find(self, name: str, *, may_make: bool = True) -> World:
        if not is_world_name(name):
            raise NoSuchWorld(BAD_NAME)
        self._begin_worlds()
        world = self._local(name)
        standing = world.place.enter()
        while not isinstance(standing, Standing):
            if not may_make:
                raise NoSuchWorld(NOT_MADE)
            self._make(world, standing)
            standing = world.place.enter()
        world.take_up(standing)
        return world

    def has(self, name: str) -> bool:
        return bool(self._link.do("EXISTS", Place(self._link, name).key))

    def reset(self, name: str) -> None:
        self._link.run(scripts.RESET, [Place(self._link, name).key, self._table], name)

    def names(self) -> list[str]:
        names = [name.decode() for name in self._link.do("ZRANGE", self._table, 0, -1)]
        return [DEFAULT, *(name for name in names if name != DEFAULT)]

    def change(self, world: World, changes: Mapping[str, Any]) -> None:
        assert isinstance(world, SharedWorld)
        world.change(world.settings.replace(**changes))
        fields = [part for key, value in changes.items() for part in (key, orjson.dumps(value))]
        if fields:
            world.place.run(scripts.CHANGE, *fields)

    def _begin_worlds(self) -> None:
        """Drop the worlds of other settings, or all that should begin anew; once."""
        if self._begin is not None:
            self._link.run(scripts.BEGIN, [self._link.prefix], _digest(self._settings), self._begin)
            self._begin = None

    @property
    def _table(self) -> str:
        return f"{self._link.prefix}:worlds"

    def _local(self, name: str) -> SharedWorld:
        """What this process knows of a world; of worlds that were not met for long it knows nothing."""
        if name == DEFAULT:
            return self._default
        world = self._seen.pop(name, None) or SharedWorld(name, self._settings, self._parser, self._link)
        self._seen[name] = world
        while len(self._seen) > self._settings.most_worlds:
            self._seen.popitem(last=False)
        return world

    def _make(self, world: SharedWorld, now: float) -> None:
        """Put a new world into the store, whole, unless another process was first."""
        epoch = uuid.uuid4().hex
        world.begin_at(now)
        faults = [
            written(self._parser.parse(fault, now, standing=True), standing=True).decode()
            for fault in self._settings.faults
        ]
        keys = [world.place.key, self._table]
        told = epoch, world.name, self._settings.most_worlds, "0.0"
        if not self._link.run(scripts.MAKE, keys, *told, orjson.dumps(list(world.seeds())), orjson.dumps(faults)):
            raise TooManyWorlds(self._settings.most_worlds)


def _digest(settings: Settings) -> str:
    """What tells settings apart, as far as worlds begin with them; no secret goes into it."""
    told = {option.key: getattr(settings, option.key) for option in OPTIONS if option.key not in OF_A_PROCESS}
    text = orjson.dumps(told, default=dict, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()
