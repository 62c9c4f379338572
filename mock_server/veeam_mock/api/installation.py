"""What the parts of a server share: its settings, the description, the worlds, and the journal."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from veeam_mock.api.worlds import Worlds, WorldsInMemory
from veeam_mock.faults.parsing import FaultError, FaultParser
from veeam_mock.journal.journal import Journal
from veeam_mock.journal.masking import Masker
from veeam_mock.model.clock import system_time
from veeam_mock.settings.options import DEFAULT_PASSWORD
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.spec.schema import Violation
from veeam_mock.spec.versions import Versions

if TYPE_CHECKING:
    from veeam_mock.also.also import Served

CONTENT_TYPES = {"utf-8": "application/json; charset=utf-8", "none": "application/json"}


class Installation:
    """All that a server knows. `lock` is held while one request is answered, and by whoever else touches it.

    `generation` is another object after each restart. `clock` gives real time in Unix seconds, UTC; by default it is
    the machine's.
    """

    def __init__(self, settings: Settings | None = None, clock: Callable[[], float] | None = None) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self.reload: Callable[[], None] | None = None
        self._begin(settings or Settings())

    def _begin(self, settings: Settings) -> None:
        versions = Versions(settings.api, settings.picked)
        self.served = open_documents(settings, versions)
        self.settings = settings
        self.generation = object()
        self.content_type = CONTENT_TYPES[settings.ambiguities["charset"]]
        self.says_length = settings.ambiguities["length"] == "content-length"
        self.versions = versions
        self.fault_parser = FaultParser(self.served)
        self.worlds: Worlds = WorldsInMemory(settings, self.fault_parser, self._clock)
        masker = Masker(_chosen_secrets(settings))
        self.journal = Journal(settings.journal_entries, settings.journal_bytes, masker)

    def restart(self, settings: Settings) -> None:
        """Forget all worlds and exchanges, and go on with `settings`; listeners of the journal stay."""
        with self.lock:
            listeners = self.journal.listeners
            self._begin(settings)
            self.journal.listeners = listeners


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
