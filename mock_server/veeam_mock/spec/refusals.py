"""How everything that is refused looks in HTTP: one place for statuses and for the shape of an error body.

The shape is that of v6 (`message`), the framework's (`Message`) or RFC 6749's, as the readings say
(docs/evidence.md#error-shape, docs/evidence.md#token-error-shape, docs/evidence.md#bad-body-status).
"""

import re
from collections.abc import Iterable, Mapping

from veeam_mock.messages import NO_STORE, Fields, Reply
from veeam_mock.model import errors
from veeam_mock.spec.renditions import Rendition
from veeam_mock.spec.schema import Violation, told

STATUSES: tuple[tuple[type[errors.ModelError], int], ...] = (
    (errors.LoginError, 400),
    (errors.AccessDenied, 401),
    (errors.NotFound, 404),
    (errors.UnknownRegion, 400),
    (errors.Starting, 503),
    (errors.Throttled, 429),
    (errors.AlreadyExists, 409),
    (errors.StoreAway, 503),
    (errors.NotOffered, 503),
    (errors.DeviceCodeError, 400),
)
TOKEN_OPERATION = "getToken"
MEDIA = "media"
NOT_DESCRIBABLE = re.compile(r"[^ !#-\[\]-~]")
"""Characters that an `error_description` may not have (RFC 6749 section 5.2)."""


class Refusals:
    """Makes the reply for a refusal. `readings` and the version's `rendition` decide its shape."""

    def __init__(self, readings: Mapping[str, str], rendition: Rendition) -> None:
        self._rendition = rendition
        self._property = readings.get("error-shape", "message")
        self._token_as_message = readings.get("token-error-shape") == "message"
        self._bad_request = int(readings.get("bad-body-status", "400"))

    def plain(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
        """An error of this status in the vendor's shape."""
        return Reply(status, self._content(self._property, status, message), Fields(headers))

    def _content(self, key: str, status: int, message: str) -> dict[str, str]:
        code = self._rendition.error_codes.get(status, self._rendition.other_error)
        return {key: message} if code is None else {key: message, "errorCode": code}

    def for_error(self, error: errors.ModelError) -> Reply:
        """The reply for an error of the model."""
        status = next(status for kind, status in STATUSES if isinstance(error, kind))
        if isinstance(error, errors.LoginError):
            return self._for_login(error)
        if isinstance(error, errors.AccessDenied):
            reply = self.plain(status, error.message, {"WWW-Authenticate": _challenge(error.reason)})
            return Reply(status, None, reply.headers) if self._rendition.is_401_empty else reply
        if isinstance(error, errors.UnknownRegion):
            return self.plain(self._bad_request, error.message)
        if isinstance(error, errors.Throttled | errors.StoreAway):
            return self.plain(status, error.message, {"Retry-After": str(error.retry_after)})
        return self.plain(status, error.message)

    def for_violations(self, operation_id: str, violations: Iterable[Violation]) -> Reply:
        """The reply for a request that does not keep to the spec; the message names the places."""
        violations = list(violations)
        message = told(violations)
        if any(violation.keyword == MEDIA for violation in violations):
            return self.plain(415, message)
        if operation_id == TOKEN_OPERATION:
            # A parameter without a value counts as left out (RFC 6749 section 3.2).
            broken = {violation.keyword for violation in violations if violation.where == "body.grant_type"}
            unknown_grant = "enum" in broken and "minLength" not in broken
            return self._for_login((errors.UnsupportedGrant if unknown_grant else errors.InvalidLogin)(message))
        return self.plain(self._bad_request, message)

    def _for_login(self, error: errors.LoginError) -> Reply:
        if self._token_as_message:
            return Reply(400, self._content("message", 400, error.message))
        description = NOT_DESCRIBABLE.sub("?", error.message.replace('"', "'").replace("…", "..."))
        return Reply(400, {"error": error.code, "error_description": description}, NO_STORE.copy())


def _challenge(reason: str | None) -> str:
    """The challenge of RFC 6750 section 3; without a token it carries no error code (section 3.1)."""
    if reason is None:
        return "Bearer"
    return f'Bearer error="invalid_token", error_description="{reason}"'
