"""A server that was started elsewhere."""

from urllib.parse import urlsplit

from veeam_mock.control.transports import OverHttp
from veeam_mock.servers.reachable import ReachableServer
from veeam_mock.settings.options import DEFAULT_PASSWORD, DEFAULT_USERNAME
from veeam_mock.spec.document import VERSIONS
from veeam_mock.world_names import PATH_PREFIX


class AttachedServer(ReachableServer):
    """A world of a server that was started elsewhere, steered by its control API over HTTP.

    `username` and `password` are the login that the server was started with, which it tells nobody. `ValueError` for
    what is no address of a server.
    """

    def __init__(
        self,
        url: str,
        admin_key: str | None = None,
        *,
        ca_cert: str | None = None,
        world: str = "",
        username: str = DEFAULT_USERNAME,
        password: str = DEFAULT_PASSWORD,
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname or address.username is not None:
            raise ValueError("this is not an address such as https://localhost:4443, without a login in it")
        super().__init__(OverHttp(url, admin_key, ca_cert, world))
        plain = url.rstrip("/")
        self._url = f"{plain}{PATH_PREFIX}{world}" if world else plain
        self._ca_cert = ca_cert
        self._username = username
        self._password = password

    @property
    def url(self) -> str:
        """The address; that of a world leads into it, by `/~NAME`."""
        return self._url

    @property
    def ca_cert(self) -> str | None:
        """The file that was given to trust."""
        return self._ca_cert

    @property
    def username(self) -> str:
        """The user who was given."""
        return self._username

    @property
    def password(self) -> str:
        """The password that was given."""
        return self._password

    @property
    def versions(self) -> tuple[str, ...]:
        """All versions of the API: which of them a server serves, it does not tell."""
        return VERSIONS

    def __repr__(self) -> str:
        return f"<AttachedServer {self.url}>"
