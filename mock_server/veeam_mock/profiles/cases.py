"""What kind of refusal an answer is, by the names that profiles use."""

import re
from collections.abc import Sequence

from veeam_mock.messages import Request
from veeam_mock.model import errors
from veeam_mock.model.tokens import ENDED, REFUSALS, USED
from veeam_mock.spec.schema import Violation

CASES = (
    "no-token", "bad-token", "other-scheme", "expired-token", "ended-token", "unknown-grant", "incomplete-login",
    "wrong-login", "refused-refresh-token", "used-refresh-token", "ended-refresh-token", "no-body", "malformed-body",
    "bad-body", "media-type", "unknown-region", "unknown-id", "made-up-id", "malformed-id", "unknown-version",
    "unknown-path", "unknown-method", "too-many", "starting", "refresh", "good-request",
)  # fmt: skip
"""All kinds, in the order in which they are told."""

REFRESH = "refresh"
"""The kind of an answer to a good refresh token: a good one that differs from that to a password, or a refusal."""

ALWAYS_REFUSED = "good-request"
"""The kind of an operation that a server refuses whoever asks for it, however well."""

FIRST = CASES[: CASES.index("unknown-grant")]
"""Kinds that a server sees before it looks at what is asked for."""

WITNESS = "getOrganizations"
"""The operation that shows for those of which it was not learned how they refuse what they see first."""

NOT_OF_OPERATIONS = frozenset({"too-many", "starting"})
"""Kinds that say nothing of the operation."""

ZEROS = "00000000-"
"""What ids begin with that somebody made up."""

INSTEAD = {
    "made-up-id": "unknown-id",
    "ended-token": "bad-token",
    "used-refresh-token": "refused-refresh-token",
    "ended-refresh-token": "refused-refresh-token",
}
"""The case that is told where another was not learned."""

TAKEN = ("no-body", "malformed-body", "media-type", "unknown-region")
"""What a server may take for a code beyond the description, and a profile says so."""

TOKENS = {"expired": "expired-token", "ended": "ended-token"}
REFRESH_TOKENS = {
    REFUSALS[USED]: "used-refresh-token",
    REFUSALS[ENDED]: "ended-refresh-token",
    "refresh token": "refused-refresh-token",
}
"""The case of a refusal by what it says."""

VERSION = re.compile("v[0-9]+", re.ASCII)
TOKEN_OPERATION = "getToken"


def case_of_error(error: errors.ModelError, request: Request) -> str:
    """The kind of an error of the model, met by `request`; empty for one that profiles do not tell."""
    match error:
        case errors.AccessDenied(reason=None):
            return "other-scheme" if "authorization" in request.headers else "no-token"
        case errors.AccessDenied():
            return next((case for word, case in TOKENS.items() if word in str(error.reason)), "bad-token")
        case errors.UnsupportedGrant():
            return "unknown-grant"
        case errors.InvalidLogin():
            return "incomplete-login"
        case errors.InvalidGrant():
            return next((case for words, case in REFRESH_TOKENS.items() if words in error.message), "wrong-login")
        case errors.NotFound():
            return "made-up-id" if request.path.rpartition("/")[2].startswith(ZEROS) else "unknown-id"
        case errors.UnknownRegion():
            return "unknown-region"
        case errors.NotOffered():
            return ALWAYS_REFUSED
        case errors.Starting():
            return "starting"
        case errors.Throttled():
            return "too-many"
    return ""


def case_of_no_operation(path: str, served: Sequence[str], allowed: str) -> str:
    """The kind of a request that means no operation, at a path that has the methods `allowed`."""
    if allowed:
        return "unknown-method"
    version = path[1:].partition("/")[0].lower()
    return "unknown-version" if VERSION.fullmatch(version) and version not in served else "unknown-path"


def case_of_violations(operation_id: str, violations: Sequence[Violation]) -> str:
    """The kind of what does not keep to the description."""
    kinds = {violation.keyword for violation in violations}
    places = {violation.where for violation in violations}
    if "media" in kinds:
        return "media-type"
    if operation_id == TOKEN_OPERATION:
        return "unknown-grant" if "enum" in kinds and "body.grant_type" in places else "incomplete-login"
    if "syntax" in kinds:
        return "malformed-body"
    if any(place.startswith("path.") for place in places):
        return "malformed-id"
    if "body" in places and "required" in kinds:
        return "no-body"
    is_named = kinds.isdisjoint({"type", "required"})
    return "unknown-region" if places == {"body.targetRegion"} and is_named else "bad-body"
