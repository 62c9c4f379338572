"""The questions that show how a server answers: the same for a profile and for a comparison, and none that changes it.

Each is asked once, in this order; refused logins come last, as a server may lock out whoever has too many.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import NOBODY, Client
from veeam_contracts.asking.exchange import Exchange
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.asking.survey import Barred, NotServed
from veeam_contracts.paths import service_of
from veeam_contracts.rules.grants import UNAUTHORIZED, Grant, grants_in, newest_of, opened
from veeam_mock.profiles.cases import REFRESH

TOO_MANY = "too-many"
"""The case of what is refused because of what came before; no question asks for it."""

STARTING = "starting"
"""The case of what is refused before the first answer, as the server starts up."""

ENDED = "ended-token"
"""The case of a token that was good, and is good no more although its time is not over."""

AGAIN = "again"
"""What is asked a second time with another value shows whether an answer repeats that."""

SOMEBODY = "7d4f62c1-93be-4e0a-b58d-26a1f07c9e34"
"""The id of an organization that does not exist, and looks as if it did."""

UNKNOWN_VERSION = "v99"
UNKNOWN_TOKEN = "0123456789abcdef0123456789abcdef"

QUERY = {"view": "1"}
"""What no operation has: a refusal that repeats its address shows whether the query belongs to that."""

Ask = Callable[[Client], Exchange | None]


@dataclass(frozen=True, slots=True)
class Question:
    """`case` is the kind of refusal that is asked for, empty where a good answer is; `operation` an operationId, empty
    where none is meant. `ask` gives None where the server has not what it takes to ask. `drawn` tells questions apart
    that are made from a seed, and those of the script that have operation and case in common; `shows` is the id of the
    ambiguity whose reading the status shows."""

    operation: str
    case: str
    ask: Ask = field(compare=False)
    drawn: str = ""
    shows: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """How a report names it."""
        return " ".join(filter(None, [self.operation, self.case or "answered", self.drawn]))


def _get(operation: str, **options: Any) -> Ask:
    return lambda client: client.get(client.path_of(operation), **options)


def _of_organization(client: Client) -> Exchange | None:
    found = client.organization_id()
    return None if found is None else client.get(client.path_of("getOrganization", organizationId=found))


def _code(body: bytes | None, media_type: str | None = "application/json") -> Ask:
    return lambda client: client.code_from(body, media_type)


def _token(**fields: str) -> Ask:
    return lambda client: client.form(fields)


def _named(organization_id: str) -> Ask:
    return lambda client: client.get(client.path_of("getOrganization", organizationId=organization_id))


def _restore(client: Client) -> Exchange:
    path = client.path_of("getRestoreDeviceCode", restoreSessionId=NOBODY)
    return client.post_json(path, {"targetApplicationId": NOBODY, "targetRegion": "worldwide"})


def _check(client: Client) -> Exchange | None:
    given = client.device_code().member("userCode")
    return client.post_json(client.path_of("checkDeviceCode"), {"userCode": given}) if given else None


def _wrong_login(client: Client) -> Exchange | None:
    login = client.target.login
    return None if login.password is None else client.password_grant(password="not-the-password")


def _second_login(client: Client) -> Exchange | None:
    return None if client.target.login.password is None else client.password_grant()


def _newest(client: Client, number: int = 1) -> Grant | None:
    """The last login with a password, or the one so many before it."""
    logins = [grant for grant in grants_in(client.journal) if not grant.used]
    return logins[-number] if len(logins) >= number else None


def _with(client: Client, grant: Grant | None) -> Exchange | None:
    """Use an access token as it is, and take no other where it is refused."""
    return client.get(client.path_of("getOrganizations"), token=grant.access) if grant is not None else None


def _refresh(client: Client, grant: Grant | None) -> Exchange | None:
    if grant is None or not grant.refresh:
        return None
    return client.form({"grant_type": "refresh_token", "refresh_token": grant.refresh})


def _refresh_of_first(client: Client) -> Exchange | None:
    """Asked where the access token has ended: what may be refused is sent as seldom as can be."""
    first, second = _newest(client, 2), _newest(client)
    if first is None or second is None:
        return None
    has_ended = any(not use.ok for use in opened(client.journal, first.access, second.at))
    return _refresh(client, first) if has_ended else None


def _refreshed(client: Client) -> Exchange | None:
    exchange = _refresh(client, _newest(client))
    if exchange is not None:
        client.take_up(exchange)
    return exchange


def _with_first(client: Client) -> Exchange | None:
    return _with(client, _newest(client, 2))


def _with_used(client: Client) -> Exchange | None:
    return _with(client, _renewed(client))


def _renewed(client: Client) -> Grant | None:
    """The last login whose refresh token was used."""
    grants = grants_in(client.journal)
    used = {grant.used for grant in grants}
    return next((grant for grant in reversed(grants) if not grant.used and grant.refresh in used), None)


def _refresh_again(client: Client) -> Exchange | None:
    return _refresh(client, _renewed(client))


def _with_refreshed(client: Client) -> Exchange | None:
    """The token that came of a login whose refresh token was used twice; where it has ended, there is another login."""
    login = _renewed(client)
    exchange = None if login is None else _with(client, newest_of(login, grants_in(client.journal)))
    if exchange is not None and exchange.status == UNAUTHORIZED:
        client.renew()
    return exchange


CREDENTIALS: Mapping[str, Mapping[str, str | None]] = {
    "no-token": {"token": None},
    "bad-token": {"token": UNKNOWN_TOKEN},
    "other-scheme": {"authorization": "Basic bm9ib2R5OnBhc3M="},
}
"""What is no good token, by the case."""


def _with_credentials(operation: str, credentials: Mapping[str, str | None]) -> Ask:
    def ask(client: Client) -> Exchange:
        if operation == "getDeviceCode":
            return client.device_code(**credentials)
        parameters = {"organizationId": SOMEBODY} if operation == "getOrganization" else {}
        return client.get(client.path_of(operation, **parameters), query=QUERY, **credentials)

    return ask


QUESTIONS = (
    Question("getServiceInstance", "", _get("getServiceInstance")),
    Question("getOrganizations", "", _get("getOrganizations")),
    Question("getOrganization", "", _of_organization),
    Question("getDeviceCode", "", lambda client: client.device_code()),
    Question("getOrganizationDeviceCode", "", Client.organization_code),
    Question("getAzureDeviceCode", "", Client.azure_code),
    Question("checkDeviceCode", "", _check),
    *(
        Question(operation, case, _with_credentials(operation, credentials))
        for case, credentials in CREDENTIALS.items()
        for operation in ("getOrganizations", "getOrganization", "getDeviceCode")
    ),
    Question("getDeviceCode", "no-body", _code(None, None)),
    Question("getDeviceCode", "malformed-body", _code(b'{"targetRegion": ')),
    Question("getDeviceCode", "bad-body", _code(b'[{"targetRegion": "worldwide"}]')),
    Question("getDeviceCode", "media-type", _code(b"targetRegion=worldwide", "text/plain")),
    Question("getDeviceCode", "unknown-region", _code(b'{"targetRegion": "Atlantis"}')),
    Question("getDeviceCode", "unknown-region", _code(b'{"targetRegion": "Lemuria"}'), AGAIN),
    Question("getOrganization", "unknown-id", _named(SOMEBODY)),
    Question("getOrganization", "made-up-id", _named(NOBODY)),
    Question("getOrganization", "malformed-id", _named("no-id")),
    Question("getRestoreDeviceCode", "unknown-id", _restore),
    Question("", "unknown-version", lambda client: client.get(service_of(UNKNOWN_VERSION), token=client.token)),
    Question(
        "",
        "unknown-path",
        lambda client: client.get(f"/{client.version}/Nothing", token=client.token, query=QUERY),
    ),
    Question(
        "", "unknown-method", lambda client: client.send("DELETE", client.path_of("getDeviceCode"), token=client.token)
    ),
)
TOKENS = (
    Question("getToken", "", _second_login, "logged in again"),
    Question("getOrganizations", ENDED, _with_first, "after another login", shows="logins-per-user"),
    Question("getToken", "ended-refresh-token", _refresh_of_first, "after another login", shows="logins-per-user"),
    Question("getToken", REFRESH, _refreshed),
    Question("getOrganizations", ENDED, _with_used, "after a refresh", shows="refresh-access"),
)
"""What ends tokens early. The one in use may be among them: from then on it is the last one that was given."""

LOGINS = (
    Question("getToken", "used-refresh-token", _refresh_again, "refreshed again", shows="refresh-rotation"),
    Question(
        "getOrganizations", ENDED, _with_refreshed, "after a refresh token was used twice", shows="refresh-rotation"
    ),
    Question("getToken", "unknown-grant", _token(grant_type="magic")),
    Question("getToken", "incomplete-login", _token(grant_type="refresh_token")),
    Question("getToken", "refused-refresh-token", _token(grant_type="refresh_token", refresh_token=UNKNOWN_TOKEN)),
    Question("getToken", "wrong-login", _wrong_login),
)


GRANTED = Question("getToken", "", lambda client: client.granted)
"""The login, which comes before all else."""

SCRIPT = frozenset((GRANTED, *QUESTIONS, *TOKENS, *LOGINS))


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and its answer; None where it could not be asked, or got no answer. `held_back` is one that our own
    limits did not let out, which says nothing of the server."""

    question: Question
    exchange: Exchange | None
    held_back: bool = False


def play(client: Client, more: Iterable[Question] = ()) -> Iterator[Answered]:
    """Ask all that the version of the client has, and `more` before the refused logins. Raises `NoLogin`."""
    yield Answered(GRANTED, client.granted)
    is_short = False
    for question in (*QUESTIONS, *TOKENS, *more, *LOGINS):
        if question.operation and question.operation not in client.version.places:
            continue
        try:
            exchange = question.ask(client)
            yield Answered(question, exchange, held_back=is_short and exchange is None)
        except Refused:
            is_short = True  # What follows from it cannot be asked either.
            yield Answered(question, None, held_back=True)
        except NotServed:  # All that would be asked is answered as the good request was.
            yield Answered(question, None if question.case else client.survey.asked.get(question.operation))
        except (NoAnswer, Barred):
            yield Answered(question, None)
