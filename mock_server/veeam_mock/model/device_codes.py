"""The life of a device code: pending, then approved or denied by a person, then spent; or expired.

pending ──▶ approved ──▶ spent
   │           │
   └───────────┴──▶ denied
pending, approved and denied codes expire; a spent one stays spent
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from veeam_mock.model import regions
from veeam_mock.model.clock import Clock
from veeam_mock.model.errors import (
    CodeDenied,
    CodeExpired,
    CodePending,
    CodeSpent,
    NotFound,
    Throttled,
    UnknownCode,
    WrongPurpose,
)
from veeam_mock.model.randomness import CODE_ALPHABET, Randomness
from veeam_mock.model.store import Store
from veeam_mock.model.tokens import Lifetimes
from veeam_mock.secrecy.secret_forms import maker


class State(StrEnum):
    """Where a code is in its life."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    SPENT = "spent"
    EXPIRED = "expired"


class Use(StrEnum):
    """What a code can be spent for."""

    ADD_ORGANIZATION = "adding an organization"
    BACKUP_APPLICATIONS = "the backup applications of an organization"
    RESTORE = "a restore"
    AZURE_ACCOUNT = "an Azure service account"


class Purpose(NamedTuple):
    """What a code was asked for. `region` is a canonical name of `regions`."""

    region: str
    use: Use = Use.ADD_ORGANIZATION
    organization_id: str | None = None
    restore_session_id: str | None = None


class DeviceCode(NamedTuple):
    """One code as it was when it was read. Times are Unix seconds, UTC; `account` is who approved it.

    `approved_from` is when it counts as approved without a person; None for never.
    `decision` is what was decided of it; ask `DeviceCodes.state` where it is in its life, which depends on the time.
    """

    user_code: str
    purpose: Purpose
    issued_at: float
    expires_at: float
    approved_from: float | None = None
    decision: State = State.PENDING
    account: str | None = None


MOST_DRAWS = 100
"""Codes that are drawn until one is free; of a form of which half are taken, one in 10^30 times none is."""


def _key_of(typed: str) -> str:
    """What a code is kept under, and found by, however a person types it."""
    key = typed.upper().replace("-", "").replace(" ", "")
    return typed if key == typed else key  # of what is kept, one text serves as both


class DeviceCodes:
    """Issues codes of which no two that are kept are alike, and keeps to the order of their life.

    `form` is that of codes (`secret_forms`), in place of so many of our own letters as `length` says.
    `auto_approve` is the seconds after which a code that is issued from now on is approved without a person; None for
    never. `throttle` is told the time of each code that is asked for, and raises `Throttled` when there are too many.

    A decision takes the place of the record that it was made on, and is made anew where somebody else was first: of
    several who spend a code at once, one does.
    """

    def __init__(
        self,
        clock: Clock,
        randomness: Randomness,
        lifetimes: Lifetimes,
        *,
        store: Store[DeviceCode],
        length: int = 9,
        form: str | None = None,
        throttle: Callable[[float], None] | None = None,
        auto_approve: float | None = None,
    ) -> None:
        self._clock = clock
        self._lifetimes = lifetimes
        self._store = store
        draw = randomness.text
        self._draw = partial(draw, CODE_ALPHABET, length) if form is None else maker(form, draw)
        self._throttle = throttle
        self.auto_approve = auto_approve

    def issue(self, purpose: Purpose) -> DeviceCode:
        """Issue a code for `purpose`; `Throttled` when more than the allowed number came within a minute, or no code of
        the chosen form is free."""
        now = self._clock.now()
        if self._throttle is not None:
            self._throttle(now)
        approved_from = None if self.auto_approve is None else now + self.auto_approve
        expires_at = now + self._lifetimes.code
        for _ in range(MOST_DRAWS):
            user_code = self._draw()
            code = DeviceCode(user_code, purpose, now, expires_at, approved_from)
            if self._store.add(_key_of(user_code), code):
                return code
        raise Throttled(1, "No device code of the form that was chosen is free.")

    def find(self, typed: str) -> DeviceCode:
        """The code that a person typed, in any case, with spaces and dashes; `NotFound` when there is none."""
        code = self._store.get(_key_of(typed))
        if code is None:
            raise NotFound("Device code", typed[:20])
        return code

    def state(self, code: DeviceCode) -> State:
        """Where `code` is in its life now."""
        now = self._clock.now()
        if code.decision is not State.SPENT and now >= code.expires_at:
            return State.EXPIRED
        approved = code.approved_from is not None and now >= code.approved_from
        return State.APPROVED if code.decision is State.PENDING and approved else code.decision

    def approve(self, code: DeviceCode, account: str | None = None) -> DeviceCode:
        """Somebody signed in as `account` and agreed. Raises what `_refuse_ended` says."""

        def approved(code: DeviceCode) -> DeviceCode:
            self._refuse_ended(code)
            return code._replace(decision=State.APPROVED, account=account)

        return self._change(code, approved)

    def deny(self, code: DeviceCode) -> DeviceCode:
        """Somebody declined. Raises what `_refuse_ended` says."""

        def denied(code: DeviceCode) -> DeviceCode:
            self._refuse_ended(code)
            return code._replace(decision=State.DENIED)

        return self._change(code, denied)

    def expire(self, code: DeviceCode) -> DeviceCode:
        """End the life of a code now; `CodeSpent` when it is spent, and nothing when it has expired."""

        def expired(code: DeviceCode) -> DeviceCode:
            if self.state(code) is State.SPENT:
                raise CodeSpent()
            return code._replace(expires_at=min(code.expires_at, self._clock.now()))

        return self._change(code, expired)

    def require_spendable(self, user_code: str, uses: tuple[Use, ...], region: str | None = None) -> DeviceCode:
        """The code, if it can be spent for one of `uses` in `region` (None: its own).

        Raises, in this order, `UnknownCode`, `CodeExpired`, `CodeDenied`, `CodeSpent`, `CodePending`, `WrongPurpose`.
        """
        code = self._store.get(_key_of(user_code))
        if code is None or code.user_code != user_code:
            raise UnknownCode()
        self._refuse_ended(code)
        if self.state(code) is State.PENDING:
            raise CodePending()
        if code.purpose.use not in uses:
            raise WrongPurpose(f"The device code was issued for {code.purpose.use}.")
        if region is not None and not regions.same_cloud(code.purpose.region, region):
            raise WrongPurpose(f"The device code was issued for the region {code.purpose.region}, not {region}.")
        return code

    def spend(self, code: DeviceCode) -> DeviceCode:
        """Spend a code that `require_spendable` gave. Raises what `_refuse_ended` says when somebody came between."""

        def spent(code: DeviceCode) -> DeviceCode:
            self._refuse_ended(code)
            return code._replace(decision=State.SPENT)

        return self._change(code, spent)

    def unspend(self, spent: DeviceCode, before: DeviceCode) -> None:
        """Give back a code that was spent for what then could not be done."""
        self._store.swap(_key_of(spent.user_code), spent, before)

    def remaining(self, code: DeviceCode) -> float:
        """The seconds that are left to `code`; 0 when it has expired."""
        left = code.expires_at - self._clock.now()
        return left if left > 0 else 0.0

    def all(self) -> list[DeviceCode]:
        """All codes that are kept, expired ones too, the oldest first."""
        return self._store.values()

    def _refuse_ended(self, code: DeviceCode) -> None:
        """`CodeExpired`, `CodeDenied` or `CodeSpent` for a code that has ended: the one place for their order."""
        match self.state(code):
            case State.EXPIRED:
                raise CodeExpired()
            case State.DENIED:
                raise CodeDenied()
            case State.SPENT:
                raise CodeSpent()

    def _change(self, code: DeviceCode, change: Callable[[DeviceCode], DeviceCode]) -> DeviceCode:
        """What `change` makes of the code as it is kept; `UnknownCode` when it has been forgotten meanwhile."""
        while True:
            changed = change(code)
            if self._store.swap(_key_of(code.user_code), code, changed):
                return changed
            kept = self._store.get(_key_of(code.user_code))
            if kept is None:
                raise UnknownCode()
            code = kept
