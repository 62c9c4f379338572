"""The regions of Microsoft 365: their names in the versions of the API, and the sign-in page of each.

Names of v2 to v5 and of v6 and later differ for the US government clouds (docs/evidence.md#region-names).
"""

from veeam_mock.model.errors import UnknownRegion

NAMES = ("Worldwide", "Germany", "China", "USgovCommunity", "USgovDefence", "USDefence", "USGovernment")
WORLDWIDE = "Worldwide"

_BY_LOWER_CASE = {name.lower(): name for name in NAMES}
_SAME_CLOUD = {"USgovCommunity": "USGovernment", "USgovDefence": "USDefence"}
_SIGN_IN = {
    "China": "https://microsoft.com/deviceloginchina",
    "USDefence": "https://microsoft.com/deviceloginus",
    "USGovernment": "https://microsoft.com/deviceloginus",
}
SIGN_IN_WORLDWIDE = "https://microsoft.com/devicelogin"
SIGN_IN_LINK = "https://www.microsoft.com/link"


def canonical(name: str) -> str:
    """The name of a region as the API writes it, from any case; `UnknownRegion` for another name."""
    try:
        return _BY_LOWER_CASE[name.lower()]
    except KeyError:
        raise UnknownRegion(name) from None


def same_cloud(one: str, other: str) -> bool:
    """Whether two canonical names mean the same cloud, as `USgovDefence` and `USDefence` do."""
    return _SAME_CLOUD.get(one, one) == _SAME_CLOUD.get(other, other)


def sign_in_page(region: str) -> str:
    """Microsoft's page where a code of this canonical region is typed."""
    return _SIGN_IN.get(_SAME_CLOUD.get(region, region), SIGN_IN_WORLDWIDE)
