"""What can go wrong in the model.

    ModelError
    ├── LoginError              a login that is refused (RFC 6749 section 5.2)
    │   ├── InvalidLogin        a field is missing
    │   ├── InvalidGrant        wrong credentials, or a refresh token that is spent, expired or unknown
    │   └── UnsupportedGrant    a grant that is not served
    ├── AccessDenied            no access token, or one that is malformed, unknown, expired or revoked
    ├── NotFound                an id that names nothing
    ├── UnknownRegion           a region that is not one of the server's
    ├── Throttled               too many device codes in a short time
    │   └── Starting            a server that is not ready yet
    ├── NotOffered              what the server does for nobody
    ├── AlreadyExists           an organization that is there already
    ├── StoreAway               the store that several servers share cannot be used now
    └── DeviceCodeError         a device code that cannot be spent, or decided on
        ├── UnknownCode
        ├── CodeExpired
        ├── CodeDenied
        ├── CodeSpent
        ├── CodePending         nobody has signed in yet
        └── WrongPurpose        a code of another region, or asked for something else

Each message is written for the person who reads the answer. How an error looks in HTTP is decided in `refusals`.
"""


class ModelError(Exception):
    """The root of this tree."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LoginError(ModelError):
    """A login that is refused. `code` is the `error` of RFC 6749 section 5.2."""

    code = "invalid_request"


class InvalidLogin(LoginError):
    """A field is missing or does not fit."""


class InvalidGrant(LoginError):
    """Wrong credentials, or a refresh token that is spent, expired or unknown."""

    code = "invalid_grant"


class UnsupportedGrant(LoginError):
    """A `grant_type` that this server does not serve."""

    code = "unsupported_grant_type"


class AccessDenied(ModelError):
    """No access token, or one that does not open anything.

    `reason` is for the challenge of RFC 6750 section 3; None when no token was shown.
    """

    def __init__(self, reason: str | None = None) -> None:
        super().__init__("Authorization has been denied for this request.")
        self.reason = reason


class NotFound(ModelError):
    """`kind` and `key` name what is not there."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} {key} was not found.")


class UnknownRegion(ModelError):
    """A region that is not one of the server's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not a region of this server.")


class NotOffered(ModelError):
    """What the server of a profile does for nobody."""


class Throttled(ModelError):
    """Too many calls in a short time; `retry_after` is in whole seconds, `what` a sentence that says of what."""

    def __init__(self, retry_after: int, what: str = "Too many device codes were requested.") -> None:
        super().__init__(f"{what} Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class Starting(Throttled):
    """The server is not ready yet."""

    def __init__(self) -> None:
        super().__init__(1, "The server starts up.")


class AlreadyExists(ModelError):
    """An organization of this name is there already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The organization {name} has already been added.")


class StoreAway(ModelError):
    """The store that several servers share cannot be used now; `retry_after` is in whole seconds."""

    retry_after = 1

    def __init__(self, trouble: str) -> None:
        super().__init__(f"The store of this server cannot be used: {trouble}.")


class DeviceCodeError(ModelError):
    """A device code that cannot be spent. The texts are Microsoft's, by the number of its error (AADSTS)."""

    text = ""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.text)


class UnknownCode(DeviceCodeError):
    """No code like this was issued, or it was so long ago that it is forgotten."""

    text = "AADSTS70018: Invalid verification code. The user code does not belong to a pending sign-in."


class CodeExpired(DeviceCodeError):
    """Nobody typed the code in time."""

    text = "AADSTS70019: Verification code expired. Have the user retry the sign-in."


class CodeDenied(DeviceCodeError):
    """The person declined."""

    text = "AADSTS65004: User declined to consent to access the app."


class CodeSpent(DeviceCodeError):
    """The code was used before."""

    text = "AADSTS54005: The code was already redeemed, please retry with a new valid code."


class CodePending(DeviceCodeError):
    """Nobody has typed the code yet (`authorization_pending` of RFC 8628 section 3.5)."""

    text = "AADSTS70016: OAuth 2.0 device flow error. Authorization is pending. Continue polling."


class WrongPurpose(DeviceCodeError):
    """A code of another region, or one that was asked for something else."""
