"""The pages where codes are typed, as a server names them: one for all regions, or one for some of them."""

from collections.abc import Mapping
from typing import Any

from veeam_mock.model import regions
from veeam_mock.profiles.templates import Asking, Template, Write

ADDRESSES = ("verificationUrl", "verificationUri")
"""Members that name a page."""

OF_ALL = (regions.SIGN_IN_WORLDWIDE, regions.SIGN_IN_LINK)
"""Pages of ours in place of which the server may have another."""


KNOWN = frozenset(name.lower() for name in regions.NAMES)


class Pages:
    """The pages of a server, as templates by the name of the region; `given` has none where it is one for all."""

    def __init__(self, given: Mapping[str, str]) -> None:
        differ = any(page != regions.sign_in_page(region) for region, page in given.items())
        learned = given if differ else {}
        self._of_region = {region.lower(): Template(page) for region, page in learned.items()}
        last = sorted(learned, key=lambda region: region == regions.WORLDWIDE)  # The page that most of them have.
        self._of_ours = {regions.sign_in_page(region): self._of_region[region.lower()] for region in last}
        told = {
            (regions.sign_in_page(region), learned.get(region))
            for region in regions.NAMES
            if regions.sign_in_page(region) in self._of_ours
        }
        self._is_clear = len(told) == len(self._of_ours)

    def writer(self, learned: str) -> Write | None:
        """What writes pages for a server that said `learned`; None where the mock writes them so itself."""
        if self._of_region:
            return self._write
        return None if learned in OF_ALL else Page(Template(learned)).write

    def _write(self, own: Any, asking: Asking) -> Any:
        """The page of the region that was asked for where ours is one for several, or the one that the server has in
        place of ours; a page that the settings name stays."""
        learned = self._of_ours.get(own)
        if learned is None:
            return own
        if not self._is_clear:
            asked = asking.sent("targetRegion").lower()
            if asked in KNOWN and asked not in self._of_region:
                return own
            learned = self._of_region.get(asked, learned)
        return learned.fixed or learned.fill(asking)

    @property
    def rewriter(self) -> Write | None:
        """What names the page of the server in an answer of ours, where no body of such an answer was told; None where
        there is none to name."""
        return self._rewritten if self._of_region else None

    def _rewritten(self, own: Any, asking: Asking) -> Any:
        name = next((name for name in ADDRESSES if name in own), "") if type(own) is dict else ""
        page = self._write(own[name], asking) if name else ""
        if not name or page == own[name]:
            return own
        return {**own, name: page, "message": str(own.get("message", "")).replace(own[name], page)}


class Page:
    """One page for all regions."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def write(self, own: Any, asking: Asking) -> Any:
        """The page, in place of ours."""
        return (self._template.fixed or self._template.fill(asking)) if own in OF_ALL else own


OUR_PAGES = Pages({})
