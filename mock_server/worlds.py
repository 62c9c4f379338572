"""A world: all that one client, or one test, sees of the server."""

import threading
import uuid
from collections.abc import Mapping
from typing import Any

from mock_server.model.clock import Clock
from mock_server.model.device_codes import DeviceCode, DeviceCodes
from mock_server.model.errors import NotFound
from mock_server.model.organizations import Organization, Organizations
from mock_server.model.randomness import Randomness
from mock_server.model.store import MemoryStore
from mock_server.model.tokens import Lifetimes, Login, Tokens
from mock_server.settings import Settings

CODES_A_MINUTE = 60
"""What a server that throttles serves (ambiguity `throttling`)."""

MOST_ORGANIZATIONS = 10_000


class World:
    """State, time and chance, made from settings. `lock` is held while one request is answered."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.clock = Clock()
        self.randomness = Randomness(settings.seed)
        self.lifetimes = Lifetimes(settings.code_lifetime, settings.token_lifetime, settings.refresh_lifetime)
        access: MemoryStore[Login] = MemoryStore(settings.most_tokens)
        refresh: MemoryStore[Login] = MemoryStore(settings.most_tokens)
        codes: MemoryStore[DeviceCode] = MemoryStore(settings.most_codes)
        self.tokens = Tokens(
            self.clock,
            self.randomness,
            self.lifetimes,
            passwords=settings.passwords,
            access=access,
            refresh=refresh,
        )
        self.device_codes = DeviceCodes(
            self.clock,
            self.randomness,
            self.lifetimes,
            store=codes,
            length=int(settings.ambiguities["code-shape"]),
            per_minute=CODES_A_MINUTE if settings.ambiguities["throttling"] == "some" else None,
        )
        self.organizations = Organizations(MemoryStore(MOST_ORGANIZATIONS))
        for entry in settings.organizations:
            self.organizations.add(seeded_organization(entry))
        self.restore_sessions = frozenset(key.lower() for key in settings.restore_sessions)

    def require_restore_session(self, key: str) -> None:
        """`NotFound` when no restore session has this id."""
        if key.lower() not in self.restore_sessions:
            raise NotFound("Restore session", key)


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
