"""What the rules talk through: a login that is kept, calls to the operations, and the journal of all exchanges."""

import json
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.advice import advise
from veeam_contracts.asking.exchange import Exchange, is_id, is_sendable, listed_in, preference
from veeam_contracts.asking.gate import Line, NoAnswer
from veeam_contracts.asking.survey import Barred, NotServed, Survey
from veeam_contracts.paths import Version

NOBODY = "00000000-0000-4000-8000-00000000dead"
"""The id of an organization, or a restore session, that does not exist."""

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
LOGIN_ATTEMPTS = 3
FIRST_ANTIFORGERY = 7
"""The first version whose logins can do without an antiforgery cookie (docs/evidence.md#antiforgery)."""
SAMPLE, SAMPLE_LIVE = 60, 15
"""Device codes that are asked for one after the other."""

PROTECTED = ("getOrganizations", "getServiceInstance")

UNSET: Any = object()

LONGEST_LIFE = float("inf")
MOST_DEATHS = 2
"""Tokens that may die before nobody logs in again."""


class TokenDied(Refused):
    """The token of the login was refused, although it should be good: by the answer to `exchange`."""

    def __init__(self, exchange: Exchange) -> None:
        asked = f"{exchange.method} {exchange.path.partition('?')[0]}"
        super().__init__(f"the access token was refused although its time is not over: {asked} answered 401")


class NoLogin(Exception):
    """The login did not work, or the server was not reached; the message tells what to do."""


class Client:
    """One run against one version of one target. All that it sends goes through the `gate` of its line."""

    def __init__(self, line: Line, version: Version) -> None:
        self.line, self.version, self.target = line, version, line.target
        self.secrets, self.admission, self.records = line.secrets, line.admission, line.records
        self.random = random.Random(f"{self.target.seed} {version}")
        self.granted: Exchange | None = None
        self.deaths: list[Exchange] = []
        """Answers 401 to a token that should still have been good."""
        self.spare: list[str] = []
        self.spent: list[str] = []
        """Refresh tokens that were not used yet, and those that were: logins are dear."""
        self.guarded: Exchange | None = None
        """The answer to a login that takes an antiforgery cookie, if the server has one."""
        self.survey = Survey(version)
        self._since = len(self.records.exchanges)
        self._names_organization = version.takes("getDeviceCode", "organizationId")
        self._token: str | None = None
        self._life, self._adopted_at, self._other_logins = LONGEST_LIFE, 0.0, 0
        self._organizations: list[Any] | None = None
        self._preferred: Any = None
        self._sample: list[Exchange] | None = None

    @property
    def journal(self) -> list[Exchange]:
        """Every exchange with this version so far, in order."""
        return self.records.exchanges[self._since :]

    def look_through(self) -> Iterator[Exchange]:
        """The same, one after the other. Raises `BudgetSpent` when the time to look is over."""
        return self.line.gate.in_time(self.journal)

    def path_of(self, operation_id: str, **parameters: str) -> str:
        """The path of an operation in this version, as `Version.path_of` makes it."""
        return self.version.path_of(operation_id, **parameters)

    @property
    def token(self) -> str:
        """The access token in use; `NoLogin` when nobody logged in."""
        if self.deaths and self._token is None:
            raise TokenDied(self.deaths[-1])
        if self._token is None:
            raise NoLogin("no access token: nobody logged in")
        return self._token

    def log_in(self) -> None:
        """Get a token, or take the one that was given; `NoLogin` with advice when that does not work."""
        if self.target.login.token is not None:
            self._adopt(self.target.login.token)
            self._try_given_token()
            return
        exchange = self._first_answer()
        if not exchange.ok:
            raise NoLogin(advise(exchange, self.secrets, self.version))
        self.granted = exchange
        self.take_up(exchange)

    @property
    def logged_in(self) -> bool:
        """Whether there is a token to call with."""
        return self._token is not None

    def _adopt(self, token: str, grant: Exchange | None = None) -> None:
        life = grant.member("expires_in") if grant is not None else None
        self._life = life if isinstance(life, int) else LONGEST_LIFE
        self._adopted_at = self.line.clock()
        self._other_logins = 0
        self.secrets.hide(token, "$VEEAM_TOKEN")
        self._token = token

    def _first_answer(self) -> Exchange:
        """The answer to the login. A dropped connection is tried again, a refused password never."""
        for attempt in range(1, LOGIN_ATTEMPTS + 1):
            try:
                return self.password_grant()
            except NoAnswer as failure:
                if attempt == LOGIN_ATTEMPTS or not failure.exchange.dropped:
                    raise NoLogin(advise(failure.exchange, self.secrets, self.version)) from None
        raise AssertionError("unreachable")

    def _try_given_token(self) -> None:
        try:
            exchange = self.get(self.path_of("getOrganizations"))
        except NoAnswer as failure:
            raise NoLogin(advise(failure.exchange, self.secrets, self.version)) from None
        if exchange.status == 401:
            raise NoLogin("the given token is refused (401): get a fresh one, or give user name and password")
        if not exchange.ok:
            raise NoLogin(advise(exchange, self.secrets, self.version))

    def password_grant(self, *, media_type: str = FORM, **changes: str) -> Exchange:
        """Log in with the user name and password of the target, `changes` applied to the form.

        No cookies are kept here, so the login does without the antiforgery cookie (docs/evidence.md#antiforgery).
        """
        login = self.target.login
        fields = {"grant_type": "password", "username": login.username or "", "password": login.password or ""}
        if self.version.number >= FIRST_ANTIFORGERY:
            fields["disable_antiforgery_token"] = "true"
        return self.form({**fields, **changes}, media_type)

    def form(self, fields: Mapping[str, str], media_type: str = FORM) -> Exchange:
        """POST a form to the token path, without a token."""
        body = urlencode(fields, errors="surrogatepass").encode()  # A token may be half a character.
        exchange = self.send("POST", self.path_of("getToken"), token=None, body=body, media_type=media_type)
        self._other_logins += exchange.ok
        return exchange

    def renew(self) -> None:
        """Log in once more, after the clock of the server was moved; a server that refuses keeps the old token."""
        self.take_up(self.password_grant())

    def take_up(self, exchange: Exchange) -> None:
        """Go on with the access token of this answer, if it has one."""
        if is_sendable(exchange.member("access_token")):
            self._adopt(exchange.member("access_token"), exchange)

    def send(
        self, method: str, path: str, *, token: str | None = UNSET, authorization: str | None = None, **what: Any
    ) -> Exchange:
        """One exchange; redirects are not followed. Without `token` the one in use is sent, with None none.

        `what` is as of `_send`. Raises `NoAnswer`, `TokenDied`, or `Refused` when the limits do not allow it.
        """
        if authorization is not None or token is not UNSET:
            return self._send(method, path, authorization or (f"Bearer {token}" if token else None), **what)
        self.survey.require_what_is_at(method, path)
        exchange = self._send(method, path, f"Bearer {self.token}", **what)
        if self.still_lives(exchange):
            return exchange
        return self._send(method, path, f"Bearer {self.token}", **what)

    def still_lives(self, exchange: Exchange) -> bool:
        """Whether the token in use is good, after an answer to it. One that may have ended lawfully is renewed.

        Raises `TokenDied` where it should not have ended; the next rules have a new one, a few times.
        """
        if exchange.ok:
            self._other_logins = 0  # They did not end this one.
        if exchange.status != 401 or self._opens_organizations():
            return True
        lived = self.line.clock() - self._adopted_at
        if not self._other_logins and lived < self._life:
            self.deaths.append(exchange)
            self._token = None
            if self.target.login.token is None and len(self.deaths) <= MOST_DEATHS:
                self.renew()
            raise TokenDied(exchange)
        self.renew()
        return False

    def protected_path(self) -> str:
        """Where a GET shows whether a token is good: the organizations, which every version protects, if served."""
        chosen = next((id for id in PROTECTED if id not in self.survey.missing), PROTECTED[0])
        self.survey.require(chosen)
        return self.path_of(chosen)

    def _opens_organizations(self) -> bool:
        """Whether the token opens what every version protects."""
        return self._send("GET", self.protected_path(), f"Bearer {self.token}").status != 401

    def _send(
        self,
        method: str,
        path: str,
        authorization: str | None,
        *,
        body: bytes | None = None,
        media_type: str | None = None,
        query: Mapping[str, str] | None = None,
        new_connection: bool = False,
        headers: Mapping[str, str | None] | None = None,
    ) -> Exchange:
        """`headers` are more fields, or others in place of those of every request; with None one is left out."""
        fields: dict[str, str | None] = {"Accept": JSON}
        if authorization is not None:
            fields["Authorization"] = authorization
        if media_type is not None:
            fields["Content-Type"] = media_type
        if new_connection:
            fields["Connection"] = "close"
        return self.line.send(method, path, {**fields, **(headers or {})}, body, query or {})

    def get(self, path: str, **options: Any) -> Exchange:
        """GET a path."""
        return self.send("GET", path, **options)

    def post_json(self, path: str, value: Any, **options: Any) -> Exchange:
        """POST a JSON value."""
        return self.send("POST", path, body=json.dumps(value).encode(), media_type=JSON, **options)

    def code_from(self, body: bytes | None, media_type: str | None = JSON, **options: Any) -> Exchange:
        """POST these bytes as they are to where a code is asked for, with an organization, if there is one."""
        query = self.organization_query()
        path = self.path_of("getDeviceCode")
        return self.send("POST", path, body=body, media_type=media_type, query=query, **options)

    def device_code(self, region: Any = UNSET, **options: Any) -> Exchange:
        """Ask for a device code in the way that every lawful server takes: with an organization, if there is one."""
        options.setdefault("query", self.organization_query())
        value = {"targetRegion": self.region if region is UNSET else region}
        return self.post_json(self.path_of("getDeviceCode"), value, **options)

    def sample(self) -> list[Exchange]:
        """Answers to a series of good calls for a code, asked for once: many rules judge the same answers.

        Calls without an answer are left out; the journal holds them.
        """
        if self._sample is None:
            self.organization_query()
            number = SAMPLE_LIVE if self.target.limits.live else SAMPLE
            self._sample = [exchange for exchange in (self._attempt() for _ in range(number)) if exchange is not None]
        return self._sample

    def burst(self, number: int) -> list[Exchange]:
        """Ask for `number` codes at once; calls without an answer are left out, the journal holds them."""
        self.line.gate.await_burst()
        with ThreadPoolExecutor(number) as pool:
            results = pool.map(lambda _: self._attempt(), range(number))
            return [exchange for exchange in results if exchange is not None]

    def _attempt(self) -> Exchange | None:
        try:
            return self.device_code()
        except (NoAnswer, Refused):
            return None

    def look_around(self) -> None:
        """Ask each operation once whether it is served, and how a code is asked for. What gets no answer is served."""
        if not self.logged_in:
            return
        for id, ask in (
            ("getServiceInstance", lambda: self.get(self.path_of("getServiceInstance"))),
            ("getOrganizations", lambda: self.get(self.path_of("getOrganizations"))),
            ("getOrganization", self._first_organization),
            ("getDeviceCode", self._first_code),
            ("getOrganizationDeviceCode", self.organization_code),
            ("checkDeviceCode", self._first_check),
            ("getAzureDeviceCode", self.azure_code),
        ):
            if id not in self.version.places:
                continue
            with suppress(NoAnswer, Refused, NotServed, Barred, NoLogin):
                exchange = ask()
                if exchange is not None:
                    self.survey.note(id, exchange)

    def _first_organization(self) -> Exchange | None:
        found = self.organization_id()
        return None if found is None else self.get(self.path_of("getOrganization", organizationId=found))

    def _first_code(self) -> Exchange:
        """A code as the page has it; where the server refuses to be told the organization, without it."""
        exchange = self.device_code()
        if exchange.refused and self.organization_query():
            plain = self.device_code(query={})
            self._names_organization = not plain.ok
            return plain if plain.ok else exchange
        if exchange.refused and self._names_organization:
            why = "a code is refused without an organization, and there is none to name"
            self.survey.barred["getDeviceCode"] = why
        return exchange

    def organization_code(self) -> Exchange | None:
        """Ask for a code for an organization that there is; None without one."""
        found, operation = self.organization_id(), "getOrganizationDeviceCode"
        return None if found is None else self.send("POST", self.path_of(operation, organizationId=found))

    def _first_check(self) -> Exchange | None:
        given = self.survey.asked.get("getDeviceCode")
        code = given.member("userCode") if given is not None and given.ok else None
        return None if code is None else self.post_json(self.path_of("checkDeviceCode"), {"userCode": code})

    def azure_code(self) -> Exchange:
        """Ask for the code of an Azure service account."""
        return self.post_json(self.path_of("getAzureDeviceCode"), {"azureEnvironment": "Global"})

    @property
    def region(self) -> str:
        """The region of the documented example, or the one that was given."""
        return self.target.region or "worldwide"

    def organizations(self) -> list[Any]:
        """The organizations, asked for once; empty when the answer is no list."""
        if self._organizations is None:
            exchange = self.survey.asked.get("getOrganizations") or self.get(self.path_of("getOrganizations"))
            self._organizations = [item for item in listed_in(exchange.value) if is_id(item.get("id"))]
            self._preferred = min(self._organizations, key=preference, default=None)
        return self._organizations

    def organization_id(self) -> str | None:
        """The id of an organization that exists: the given one, else a worldwide one, else the first by region."""
        if self.target.organization_id:
            return self.target.organization_id
        return str(self._preferred["id"]) if self.organizations() and self._preferred else None

    def organization_query(self) -> dict[str, str]:
        """The query that names an organization that exists; empty when there is none."""
        found = self.organization_id() if self._names_organization else None
        return {} if found is None else {"organizationId": found}
