"""The pages where codes are typed, as a server names them: one for all regions, or one for some of them."""

from collections.abc import Mapping
from typing import Any

from veeam_mock.model import regions
from veeam_mock.profiles.templates import Asking, Template, Write

OF_ALL = (regions.SIGN_IN_WORLDWIDE, regions.SIGN_IN_LINK)
"""Pages of ours in place of which the server may have another."""


class Pages:
    """The pages of a server, as templates by the name of the region; `given` has none where it is one for all."""

    def __init__(self, given: Mapping[str, str]) -> None:
        differ = any(page != regions.sign_in_page(region) for region, page in given.items())
        learned = given if differ else {}
        self._of_region = {region.lower(): Template(page) for region, page in learned.items()}
        self._of_ours = {regions.sign_in_page(region): self._of_region[region.lower()] for region in [*learned][::-1]}
        told = {(regions.sign_in_page(region), page) for region, page in learned.items()}
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
            learned = self._of_region.get(asking.sent("targetRegion").lower(), learned)
        return learned.fixed or learned.fill(asking)


class Page:
    """One page for all regions."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def write(self, own: Any, asking: Asking) -> Any:
        """The page, in place of ours."""
        return (self._template.fixed or self._template.fill(asking)) if own in OF_ALL else own


OUR_PAGES = Pages({})
