"""The organizations that the server knows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from veeam_mock.model.errors import AlreadyExists, NotFound
from veeam_mock.model.store import Store


@dataclass(frozen=True, slots=True)
class Organization:
    """One organization. `region` is a canonical name of `regions`; what is None is not told."""

    id: str
    name: str
    region: str
    office_name: str
    type: str = "Office365"
    is_exchange_online: bool = True
    is_share_point_online: bool = True
    is_backed_up: bool = False
    is_teams_online: bool | None = None
    is_teams_chats_online: bool | None = None
    description: str | None = None


class Organizations:
    """Look up and list. Ids are matched without regard to case, as UUIDs are (RFC 9562 section 4)."""

    def __init__(self, store: Store[Organization]) -> None:
        self._store = store

    def add(self, organization: Organization) -> Organization:
        """Keep a new organization; `AlreadyExists` when one has its name."""
        if not self._store.add(organization.id.lower(), organization, organization.name.lower()):
            raise AlreadyExists(organization.name)
        return organization

    def require_new(self, name: str) -> None:
        """`AlreadyExists` when an organization has this name, in any case."""
        if any(organization.name.lower() == name.lower() for organization in self._store.values()):
            raise AlreadyExists(name)

    def change(self, organization_id: str, **changes: Any) -> Organization:
        """Give the organization with this id other values, all but its id and name; `NotFound` when there is none."""
        while True:
            organization = self.get(organization_id)
            changed = replace(organization, **changes)
            if self._store.swap(organization.id.lower(), organization, changed):
                return changed

    def remove(self, organization_id: str) -> None:
        """Forget the organization with this id; `NotFound` when there is none."""
        if self._store.pop(organization_id.lower()) is None:
            raise NotFound("Organization", organization_id)

    def get(self, organization_id: str) -> Organization:
        """The organization with this id; `NotFound` when there is none."""
        organization = self._store.get(organization_id.lower())
        if organization is None:
            raise NotFound("Organization", organization_id)
        return organization

    def account_of_missing(self, accounts: Iterable[str]) -> str | None:
        """The first of `accounts` whose organization has not been added; None when all have."""
        names = {organization.name.lower() for organization in self._store.values()}
        return next((account for account in accounts if (domain_of(account) or "").lower() not in names), None)

    def all(self) -> list[Organization]:
        """All of them, the oldest first."""
        return self._store.values()


def domain_of(account: str | None) -> str | None:
    """The organization of an account such as `admin@contoso.onmicrosoft.com`."""
    return account.rpartition("@")[2] if account and "@" in account else None
