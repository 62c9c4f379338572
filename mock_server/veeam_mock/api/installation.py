"""What the parts of a server share: its settings, the description, the worlds, and the journal."""

import threading
from collections.abc import Callable

from veeam_mock.api.worlds import Worlds
from veeam_mock.faults.parsing import FaultParser
from veeam_mock.journal.journal import Journal
from veeam_mock.journal.masking import Masker
from veeam_mock.settings.options import DEFAULT_PASSWORD
from veeam_mock.settings.settings import Settings
from veeam_mock.spec.versions import Versions

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
        self.settings = settings
        self.generation = object()
        self.content_type = CONTENT_TYPES[settings.ambiguities["charset"]]
        self.says_length = settings.ambiguities["length"] == "content-length"
        self.versions = Versions(settings.api, settings.picked)
        self.fault_parser = FaultParser(self.versions)
        self.worlds = Worlds(settings, self.fault_parser, self._clock)
        masker = Masker(_chosen_secrets(settings))
        self.journal = Journal(settings.journal_entries, settings.journal_bytes, masker)

    def restart(self, settings: Settings) -> None:
        """Forget all worlds and exchanges, and go on with `settings`; listeners of the journal stay."""
        with self.lock:
            listeners = self.journal.listeners
            self._begin(settings)
            self.journal.listeners = listeners


def _chosen_secrets(settings: Settings) -> list[str]:
    """What the user chose as a secret and must not be written down anywhere; the documented default is none."""
    passwords = [password for password in settings.passwords.values() if password != DEFAULT_PASSWORD]
    return [*passwords, *([settings.admin_key] if settings.admin_key else [])]
