"""The organizations that the server knows."""

from dataclasses import dataclass

from mock_server.model.errors import NotFound
from mock_server.model.store import Store


@dataclass(frozen=True, slots=True)
class Organization:
    """One organization. `region` is a canonical name of `regions`."""

    id: str
    name: str
    region: str
    office_name: str
    type: str = "Office365"
    is_exchange_online: bool = True
    is_share_point_online: bool = True
    is_backed_up: bool = False


class Organizations:
    """Look up and list. Ids are matched without regard to case, as UUIDs are (RFC 9562 section 4)."""

    def __init__(self, store: Store[Organization]) -> None:
        self._store = store

    def add(self, organization: Organization) -> Organization:
        """Keep `organization` under its id."""
        self._store.put(organization.id.lower(), organization)
        return organization

    def get(self, organization_id: str) -> Organization:
        """The organization with this id; `NotFound` when there is none."""
        organization = self._store.get(organization_id.lower())
        if organization is None:
            raise NotFound("Organization", organization_id)
        return organization

    def all(self) -> list[Organization]:
        """All of them, the oldest first."""
        return self._store.values()
