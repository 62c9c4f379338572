"""Logins: access tokens that expire, refresh tokens that are spent by use, and what ends either before its time."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from veeam_mock.model.clock import Clock
from veeam_mock.model.errors import AccessDenied, InvalidGrant
from veeam_mock.model.randomness import TOKEN_ALPHABET, Randomness
from veeam_mock.model.store import Store
from veeam_mock.secrecy.secret_forms import maker

ACCESS_PREFIX = "mock-access-"
REFRESH_PREFIX = "mock-refresh-"
TOKEN_LENGTH = 40

USED, ENDED = "used", "ended"
"""What becomes of tokens that are good no more: used for a refresh, or ended by another login or a refresh."""

AT_ONCE = 0.0
"""The end of what has been ended, in Unix seconds: it is over at any time, and no check of a good token costs more."""

REFUSALS = {USED: "The refresh token has been used.", ENDED: "The refresh token has been ended."}


@dataclass(frozen=True, slots=True)
class Endings:
    """What ends tokens before their time: the readings of the questions `refresh-rotation`, `refresh-access` and
    `logins-per-user` (docs/evidence.md#refresh-rotation)."""

    rotation: str = "rotated"
    access: str = "lives"
    logins: str = "any"


@dataclass(slots=True)
class Lifetimes:
    """How long things live, in seconds. It may change while the server runs; what is issued keeps its end."""

    code: float
    token: float
    refresh: float


@dataclass(frozen=True, slots=True)
class Login:
    """One granted pair of tokens, as kept: without the tokens, but with the digest of each.

    `antiforgery` is the digest of what a cookie has to hold beside the tokens; empty where none is wanted. `family` is
    the same for all pairs that came of one login by refreshes. `end` says what ended it: `USED`, `ENDED`, or empty.
    """

    username: str
    issued_at: float
    access_expires_at: float
    refresh_expires_at: float
    refresh_digest: str
    antiforgery: str = ""
    access_digest: str = ""
    family: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class TokenPair:
    """One granted pair of tokens, as handed to the client, with the antiforgery token, if there is one.

    Its `repr` shows no token.
    """

    access_token: str
    refresh_token: str
    login: Login
    antiforgery_token: str = ""

    def __repr__(self) -> str:
        return f"TokenPair(login={self.login!r})"


class Tokens:
    """Grants, refreshes, checks and revokes. Tokens are kept as digests, so that nothing here can leak one.

    `forms` are those of tokens, by kind (`secret_forms`), in place of our own; `endings` say what ends tokens early.
    """

    def __init__(
        self,
        clock: Clock,
        randomness: Randomness,
        lifetimes: Lifetimes,
        *,
        passwords: Mapping[str, str],
        forms: Mapping[str, str],
        access: Store[Login],
        refresh: Store[Login],
        endings: Endings | None = None,
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self._lifetimes = lifetimes
        self._made = {kind: maker(form, randomness.text) for kind, form in forms.items()}
        self._endings = endings or Endings()
        self._passwords = {name: password.encode() for name, password in passwords.items()}
        self._access = access
        self._refresh = refresh

    def log_in(self, username: str, password: str, *, with_antiforgery: bool = False) -> TokenPair:
        """Grant a pair of tokens; `InvalidGrant` for wrong credentials, whichever part is wrong."""
        expected = self._passwords.get(username)
        matches = hmac.compare_digest(expected or b"", password.encode())
        if expected is None or not matches:
            raise InvalidGrant("The user name or password is incorrect.")
        return self.grant_for(username, with_antiforgery=with_antiforgery)

    def grant_for(self, username: str, *, with_antiforgery: bool = False) -> TokenPair:
        """Grant a pair of tokens to a user whom somebody else vouches for."""
        if self._endings.logins != "any":
            self._end_all(lambda login: login.username == username, with_refresh=self._endings.logins == "one")
        return self._grant(username, with_antiforgery)

    def refresh(self, refresh_token: str, antiforgery_token: str = "") -> TokenPair:
        """Spend a refresh token for a new pair; `InvalidGrant` when it is spent, expired or unknown.

        Without the antiforgery token of its login it is not spent: `InvalidGrant` as well. Where the reading is so, it
        stays good, or its second use ends all that came of its login.
        """
        digest = digest_of(refresh_token)
        login = self._refresh.get(digest)
        if login is None:
            raise InvalidGrant("The refresh token is unknown, or has been used.")
        if not is_shown(login, antiforgery_token):
            raise InvalidGrant("The antiforgery cookie of this login is missing, or is another one.")
        if not login.end and self._clock.now() >= login.refresh_expires_at:
            raise InvalidGrant("The refresh token has expired.")
        rotation = self._endings.rotation
        is_spent = rotation in ("rotated", "family")
        if login.end or (is_spent and not self._refresh.swap(digest, login, replace(login, end=USED))):
            if rotation == "family":
                self._end_all(lambda other: other.family == login.family, with_refresh=True)
            raise InvalidGrant(REFUSALS[login.end or USED])
        if self._endings.access == "ends":
            self._end_access(login.access_digest)
        return self._grant(
            login.username,
            bool(login.antiforgery),
            family=login.family,
            refresh=refresh_token if rotation == "same" else "",
        )

    def authenticate(self, digest: str) -> Login:
        """The login behind the access token of this digest (`digest_of`); `AccessDenied` when unknown or expired."""
        login = self._access.get(digest)
        if login is None:
            raise AccessDenied("The access token is unknown or has been revoked")
        if self._clock.now() >= login.access_expires_at:
            raise AccessDenied("The access token has been ended" if login.end else "The access token has expired")
        return login

    def revoke(self, access_token: str) -> None:
        """End the login of an access token, refresh token included; unknown ones are ignored (RFC 7009 section 2)."""
        login = self._access.pop(digest_of(access_token))
        if login is not None:
            self._refresh.pop(login.refresh_digest)

    def logins(self) -> list[Login]:
        """The logins whose access token is alive, the oldest first."""
        now = self._clock.now()
        return [login for login in self._access.values() if now < login.access_expires_at]

    def _end_all(self, concerns: Callable[[Login], bool], *, with_refresh: bool) -> None:
        """End the access tokens of some logins, and their refresh tokens where these are to end as well."""
        for login in self._access.values():
            if concerns(login):
                self._end_access(login.access_digest)
        for login in self._refresh.values() if with_refresh else ():
            if concerns(login) and not login.end:
                self._refresh.swap(login.refresh_digest, login, replace(login, end=ENDED))

    def _end_access(self, digest: str) -> None:
        login = self._access.get(digest)
        if login is not None:
            self._access.swap(digest, login, replace(login, access_expires_at=AT_ONCE, end=ENDED))

    def _grant(self, username: str, with_antiforgery: bool, *, family: str = "", refresh: str = "") -> TokenPair:
        """A new pair; with the refresh token that is to be given again, if there is one."""
        now = self._clock.now()
        access = self._token("access_token", ACCESS_PREFIX)
        refresh = refresh or self._token("refresh_token", REFRESH_PREFIX)
        antiforgery = self._randomness.text(TOKEN_ALPHABET, TOKEN_LENGTH) if with_antiforgery else ""
        opens, renews = digest_of(access), digest_of(refresh)
        ends = now + self._lifetimes.token, now + self._lifetimes.refresh
        shown = digest_of(antiforgery) if antiforgery else ""
        login = Login(username, now, *ends, renews, shown, opens, family or renews)
        self._access.put(opens, login)
        self._refresh.put(renews, login)
        return TokenPair(access, refresh, login, antiforgery)

    def _token(self, kind: str, prefix: str) -> str:
        """A token of the form that was chosen for its kind, else our own."""
        if kind in self._made:
            return self._made[kind]()
        return prefix + self._randomness.text(TOKEN_ALPHABET, TOKEN_LENGTH)


def is_shown(login: Login, antiforgery_token: str) -> bool:
    """Whether this is the antiforgery token of a login, or it has none."""
    return not login.antiforgery or hmac.compare_digest(login.antiforgery, digest_of(antiforgery_token))


def digest_of(token: str) -> str:
    """What a token is known by here."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
