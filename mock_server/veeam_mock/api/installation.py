"""What the parts of a server share: its settings, the description, the worlds, and the journal."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from veeam_mock.api.worlds import Worlds, WorldsInMemory
from veeam_mock.faults.parsing import FaultError, FaultParser
from veeam_mock.journal.journal import Journal
from veeam_mock.journal.masking import Masker
from veeam_mock.journal.watching import Watchers
from veeam_mock.model.clock import system_time
from veeam_mock.profiles.profile import Profile
from veeam_mock.settings.options import DEFAULT_PASSWORD, MEMORY
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.settings.sources import read_config
from veeam_mock.spec.schema import Violation
from veeam_mock.spec.versions import Versions

if TYPE_CHECKING:
    from veeam_mock.also.also import Served

CONTENT_TYPES = {"utf-8": "Content-Type: application/json; charset=utf-8", "none": "Content-Type: application/json"}


class SharedStore(Protocol):
    """The store that several servers share, for those who ask how it is."""

    def look(self) -> str | None:
        """Try it now, and say what is wrong; None for nothing."""

    def close(self) -> None:
        """End the connections to it."""

    def shared_key(self) -> bytes:
        """A key for signatures, the same for all who share it; `StoreAway` when it cannot be used."""


class Installation:
    """All that a server knows. `lock` is held while one request is answered, and by whoever else touches it.

    `generation` is another object after each restart. `clock` gives real time in Unix seconds, UTC; by default it is
    the machine's. `open_shared` opens the store that settings may name, and `link` is then the way to it.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        clock: Callable[[], float] | None = None,
        open_shared: "OpenShared | None" = None,
    ) -> None:
        self.lock = threading.RLock()
        self.watchers = Watchers()
        self.clock = clock
        self._open_shared = open_shared
        self.reload: Callable[[], None] | None = None
        self.link: SharedStore | None = None
        self._begin(settings or Settings())

    def _begin(self, settings: Settings, *, anew: bool = False) -> None:
        profile = read_profile(settings)
        settings = settings if profile is None else profile.settings(settings)
        versions = Versions(settings.api, settings.picked)
        self.profile = profile
        self.served = open_documents(settings, versions)
        self.settings = settings
        self.generation = object()
        self.content_type = CONTENT_TYPES[settings.ambiguities["charset"]]
        self.says_length = settings.ambiguities["length"] == "content-length"
        self.versions = versions
        self.fault_parser = FaultParser(self.served)
        self._open_store(anew)

    def _open_store(self, anew: bool) -> None:
        """Worlds and journal, of this process or of all that share a store, where they begin `anew` if asked to."""
        settings, masker = self.settings, Masker(_chosen_secrets(self.settings))
        if settings.store == MEMORY:
            self.worlds: Worlds = WorldsInMemory(
                settings, self.fault_parser, self.clock, on_change=self.watchers.tell_all
            )
            self.journal = Journal(settings.journal_entries, settings.journal_bytes, masker)
            return
        assert self._open_shared is not None, "whoever takes settings with a store says what opens it"
        self.worlds, self.journal = self._open_shared(self, masker, anew)

    def restart(self, settings: Settings, *, anew: bool = True) -> None:
        """Forget all worlds and exchanges, and go on with `settings`; listeners of the journal stay.

        Without `anew`, worlds in a store stay where they were begun with the same settings.
        """
        with self.lock:
            listeners = self.journal.listeners
            self._begin(settings, anew=anew)
            self.journal.listeners = listeners
            self.watchers.dismiss()


def read_profile(settings: Settings) -> Profile | None:
    """The profile that settings name; `SettingsError` where it does not fit."""
    if settings.profile is None:
        return None
    return Profile(settings.profile, read_config(settings.profile, "profile"), with_latency=settings.latency)


OpenShared = Callable[[Installation, Masker, bool], tuple[Worlds, Journal]]
"""Gives worlds and journal of a store that several servers share; `SettingsError` where there is no way to it."""


def open_documents(settings: Settings, versions: Versions) -> "Versions | Served":
    """The operations of `versions`, and of the documents that `settings` name; `SettingsError` when documents, answers
    or faults do not fit. What is broken in a document is told in the log. Files that are as before are not read again.
    """
    if not settings.also and not settings.answers:
        return versions
    from veeam_mock.also.also import Also, Served
    from veeam_mock.also.sources import AlsoError

    try:
        served = Served(versions, Also(settings.also, settings.answers))
    except AlsoError as error:
        raise SettingsError(error.problems) from None
    problems: list[Violation] = []
    for number, fault in enumerate(settings.faults):
        try:
            FaultParser(served).parse(fault, system_time(), where=f"faults.{number}", standing=True)
        except FaultError as error:
            problems += error.violations
    if problems:
        raise SettingsError(problems)
    served.also.tell()
    return served


def _chosen_secrets(settings: Settings) -> list[str]:
    """What the user chose as a secret and must not be written down anywhere; the documented default is none."""
    passwords = [password for password in settings.passwords.values() if password != DEFAULT_PASSWORD]
    return [*passwords, *([settings.admin_key] if settings.admin_key else [])]
