"""How each version says what all of them do, where its document does not tell: one record a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Rendition:
    """`product` is the version of the installation whose newest API this is; `regions` are the names that answers use
    for canonical ones; `error_codes` the `errorCode` for a status, where errors have one, and `other_error` that of all
    other statuses. `organization` has the properties of an organization beyond those of v4, and where they are kept.
    `disables_antiforgery` is what holds for a login that does not say `disable_antiforgery_token`.
    """

    product: str
    has_absolute_links: bool = False
    has_pages: bool = False
    is_401_empty: bool = False
    limits_logins: bool = False
    disables_antiforgery: bool = True
    organization: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    error_codes: Mapping[int, str] = field(default_factory=dict)
    other_error: str | None = None

    def region(self, canonical: str) -> str:
        """The name of a region in answers."""
        return self.regions.get(canonical, canonical)


TEAMS = MappingProxyType({"isTeamsOnline": "is_teams_online", "isTeamsChatsOnline": "is_teams_chats_online"})
V4 = Rendition(product="4.0.0.2516", has_absolute_links=True)
V5 = replace(V4, product="5.0.0.1063")
V6 = Rendition(
    product="6.0.0.367",
    organization=TEAMS,
    limits_logins=True,
    regions=MappingProxyType({"USgovCommunity": "USGovernment", "USgovDefence": "USDefence"}),
)
V7 = replace(V6, product="7.0.0.2911", organization=MappingProxyType({**TEAMS, "description": "description"}))
V8 = replace(
    V7,
    product="8.0.2.159",
    has_pages=True,
    is_401_empty=True,
    disables_antiforgery=False,
    error_codes=MappingProxyType(
        {
            400: "ParameterValidationFailure",
            403: "ResourceAccessDenied",
            404: "ResourceNotFound",
            408: "Timeout",
            409: "OperationConflict",
        }
    ),
    other_error="HttpError",
)
RENDITIONS: Mapping[str, Rendition] = {"v4": V4, "v5": V5, "v6": V6, "v7": V7, "v8": V8}
