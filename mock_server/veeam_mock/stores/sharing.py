"""What opens the store that several servers share. Its client library is loaded here, when it is needed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from veeam_mock.api.installation import Installation
from veeam_mock.api.worlds import Worlds
from veeam_mock.journal.journal import Journal
from veeam_mock.journal.masking import Masker
from veeam_mock.settings.options import MEMORY
from veeam_mock.settings.settings import Settings, SettingsError
from veeam_mock.spec.schema import Violation

if TYPE_CHECKING:
    from veeam_mock.stores.link import Link


def open_shared(installation: Installation, masker: Masker, anew: bool) -> tuple[Worlds, Journal]:
    """Worlds and journal in the store that the settings name, which is not tried yet; they begin `anew` if asked to.

    `SettingsError` where there is no way to it.
    """
    settings = installation.settings
    link = _make_link(settings, installation.clock)
    if installation.link is not None:
        installation.link.close()
    installation.link = link
    from veeam_mock.stores.shared_journal import SharedJournal
    from veeam_mock.stores.shared_worlds import SharedWorlds

    worlds = SharedWorlds(settings, installation.fault_parser, link, anew=anew)
    return worlds, SharedJournal(settings.journal_entries, settings.journal_bytes, masker, link)


def require_client(settings: Settings) -> None:
    """`SettingsError` when the store that `settings` name cannot be spoken to from here."""
    if settings.store != MEMORY:
        _make_link(settings).close()


def _make_link(settings: Settings, clock: Callable[[], float] | None = None) -> "Link":
    try:
        from veeam_mock.stores.link import BadAddress, Link
    except ModuleNotFoundError:
        reason = "needs the package redis: pip install 'veeam-devicecode-mock[redis]'"
        raise SettingsError([Violation("store", reason)]) from None
    try:
        return Link(settings.store, settings.store_prefix, clock)
    except BadAddress as error:
        raise SettingsError([Violation("store", str(error))]) from None
