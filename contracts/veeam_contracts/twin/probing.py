"""Learning how a server answers: the script is played once, and each open question is put."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import combinations
from typing import Any, TypeVar

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import Client
from veeam_contracts.asking.exchange import Exchange, listed_in
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.asking.survey import Barred, NotServed
from veeam_contracts.document import describe, region_names
from veeam_contracts.judging.latency import Latency, latency_of
from veeam_contracts.paths import Version
from veeam_contracts.twin.forms import Form, forms_in
from veeam_contracts.twin.limits import limits_met, operation_of, waited_for
from veeam_contracts.twin.profile import Profile
from veeam_contracts.twin.readings import PAGE_READING, lifetimes_of, readings_of
from veeam_contracts.twin.samples import ask_for_codes, forms_of_secrets
from veeam_contracts.twin.script import AGAIN, ENDED, STARTING, TOO_MANY, Answered, play
from veeam_contracts.twin.templates import names_of, region_of
from veeam_mock.profiles.cases import ALWAYS_REFUSED, REFRESH

PAGES = ("verificationUrl", "verificationUri")
"""Members that name the sign-in page."""

LINK = "https://www.microsoft.com/link"
REGION_NAMES = "region-names"

K = TypeVar("K")

Asked = dict[tuple[str, str], Exchange]
"""Exchanges by operation and case."""

ENDS = frozenset({"ended-token", "used-refresh-token", "ended-refresh-token"})
"""Cases of what is good at some servers: a reading says so, and its answer is no refusal."""

FEWEST = 4
"""One of so many questions has to be answered, as of the requests of a check."""


class NothingShown(Exception):
    """A server answers too little; the message says how much."""


def probe(client: Client, served: Iterable[Version]) -> Profile:
    """The profile of a server to which `client` has logged in.

    Raises `BudgetSpent` where the limits end it, and `NothingShown` where it does not answer.
    """
    profile = Profile(client.version.name, [version.name for version in served])
    played = list(play(client))
    came = sum(answered.exchange is not None for answered in played)
    if FEWEST * came < len(played):
        raise NothingShown(f"{came} of {len(played)} questions were answered, which shows nothing")
    codes = _codes_by_region(client)
    others = [*client.survey.asked.items(), *(("getDeviceCode", exchange) for exchange in codes.values())]
    answers, again = _answers(played, others)
    profile.ambiguities = readings_of(client)
    reading, _ = profile.ambiguities.get(REGION_NAMES, ("", ""))
    profile.refused_regions = _refused_regions(codes, client, reading)
    profile.lifetimes = lifetimes_of(client)
    profile.organizations = _made_up(client)
    ask_for_codes(client)
    profile.secret_forms = forms_of_secrets(client.journal)
    early, later = waited_for(client.records.exchanges)
    profile.starting = len(early)
    profile.limits = limits_met(later, client.version)
    for case, exchanges in ((STARTING, early), (TOO_MANY, later)):
        asked_to_wait = next((exchange for exchange in exchanges if exchange.throttled), None)
        if asked_to_wait is not None:
            answers["", case] = asked_to_wait
    names = names_of(client)
    texts = [key for key in answers if key[1] not in ("", REFRESH)]
    profile.forms = _with_what_is_repeated(
        forms_in(answers, client, names, texts), forms_in(again, client, names, again)
    )
    _learn_pages(profile, forms_in({region: each for region, each in codes.items() if each.is_good}, client, names))
    profile.latencies = _latencies(client)
    return profile


def _answers(played: Iterable[Answered], others: Iterable[tuple[str, Exchange]]) -> tuple[Asked, Asked]:
    """The first answer to each operation and case, and those to what was asked again. `others` are more answers to good
    requests for operations: what is refused at times is not refused always."""
    answers: Asked = {}
    again: Asked = {}
    for answered in played:
        exchange, question = answered.exchange, answered.question
        if exchange is None or not _says(question.case, exchange):
            continue
        case = question.case if question.case or exchange.is_good else ALWAYS_REFUSED
        (again if question.drawn == AGAIN else answers).setdefault((question.operation, case), exchange)
    for operation, exchange in others:
        if exchange.is_good:
            answers.setdefault((operation, ""), exchange)
    at_times = {key for key in answers if key[1] == ALWAYS_REFUSED and (key[0], "") in answers}
    always = {operation for operation, case in answers.keys() - at_times if case == ALWAYS_REFUSED}
    of_no_token = {(operation, ENDED) for operation in always}  # It was refused all the same.
    return {key: exchange for key, exchange in answers.items() if key not in at_times | of_no_token}, again


def _says(case: str, exchange: Exchange) -> bool:
    """Whether an answer is one of the case that was asked for."""
    if case in ENDS:
        return not exchange.ok
    return bool(case and case != REFRESH) or exchange.ok or not exchange.throttled


def _with_what_is_repeated(forms: Mapping[K, Form], again: Mapping[K, Form]) -> dict[K, Form]:
    """The forms, where only what an answer repeats each time has a place, and not what it happens to name."""
    return {key: min(form, again.get(key, form), key=_repeats) for key, form in forms.items()}


def _repeats(form: Form) -> int:
    return (form.text or str(form.body)).count("{region}")


def _latencies(client: Client) -> dict[str, Latency]:
    """How long the good answers of each operation took, of all that came."""
    times: dict[str, list[float]] = {}
    for exchange in client.journal:
        operation = operation_of(exchange, client.version) if exchange.ok else ""
        if operation:
            times.setdefault(operation, []).append(exchange.elapsed)
    return {operation: latency_of(operation, seconds) for operation, seconds in times.items()}


def _codes_by_region(client: Client) -> dict[str, Exchange]:
    """The answer to the request for a code, for each region that there is; of two where the first was none."""
    found = {}
    for region in {name.lower(): name for name in sorted(region_names(), reverse=True)}.values():
        with suppress(NoAnswer, NotServed, Barred, Refused):
            found[region] = client.device_code(region)
            if not found[region].is_good:
                found[region] = client.device_code(region)
    return found


def _refused_regions(codes: Mapping[str, Exchange], client: Client, reading: str) -> list[str]:
    """The regions that the version has, by this reading of their names, and the server refuses however written."""
    schemas = client.version.document["components"]["schemas"]
    question = describe(client.version).questions.get(REGION_NAMES, {})
    named = question.get("readings", {}).get(reading, {}).get("schema", schemas["TargetRegion"])["enum"]
    given = {region_of(exchange).lower() for exchange in client.journal if exchange.is_good} - {""}
    known = {str(name).lower() for name in named} - given if given else ()
    return sorted(region for region, exchange in codes.items() if region.lower() in known and not exchange.throttled)


def _learn_pages(profile: Profile, forms: Mapping[str, Form]) -> None:
    """The sign-in page of each region, where they differ; a page that is one for all is that of the answer."""
    bodies = {region: form.body for region, form in forms.items() if isinstance(form.body, dict)}
    named = {region: body.get(PAGES[0]) or body.get(PAGES[1]) for region, body in bodies.items()}
    pages = {region: page for region, page in named.items() if isinstance(page, str)}
    different = sorted(set(pages.values()))
    profile.pages = pages if len(different) > 1 else {}
    reading, _ = profile.ambiguities.get(PAGE_READING, ("", ""))
    if different and reading != "self":  # What other operations name says nothing of the regions.
        reading = "region" if profile.pages else "link" if different[0] == LINK else "worldwide"
        profile.ambiguities[PAGE_READING] = (reading, ", ".join(different))


SUFFIX = re.compile(r"\.(?:partner\.)?onmicrosoft\.[a-z]{2,3}$|\.partner\.onmschina\.cn$", re.IGNORECASE)
TYPES = ("Office365", "OnPremises", "Hybrid")
MOST_ORGANIZATIONS = 100
SORTED_BY = ("region", "type", "name", "isBackedup")
LISTS = 8
"""Lists of organizations that show whether a server keeps their order: of two in any order, one of 128 looks kept."""


def _made_up(client: Client) -> list[dict[str, Any]] | None:
    """Organizations of the same form as those of the server, under made-up names; None where it does not list them."""
    with suppress(NoAnswer, NotServed, Barred, Refused):
        listed = client.organizations()[:MOST_ORGANIZATIONS]
        asked = client.survey.asked.get("getOrganizations")
        if not asked or not asked.ok:
            return None
        if len(listed) > 1 and _reorders(client):
            listed = sorted(listed, key=lambda item: [str(_of_form(item, 0).get(name)) for name in SORTED_BY])
        return [_of_form(item, number) for number, item in enumerate(listed, 1)]
    return None


def _reorders(client: Client) -> bool:
    """Whether the server lists its organizations in another order, when it is asked again."""
    path = client.path_of("getOrganizations")
    orders = {tuple(str(item.get("id")).lower() for item in listed_in(client.get(path).value)) for _ in range(LISTS)}
    return any(sorted(one) == sorted(other) for one, other in combinations(orders, 2))


def _of_form(item: dict[str, Any], number: int) -> dict[str, Any]:
    suffix = SUFFIX.search(str(item.get("name")))
    made: dict[str, Any] = {"name": f"organization{number}{suffix[0].lower() if suffix else ''}"}
    for member, known in (("region", region_names()), ("type", TYPES)):
        named = [name for name in known if name.lower() == str(item.get(member)).lower()]
        made |= {member: named[0]} if named else {}
    return made | ({"isBackedup": True} if item.get("isBackedup") is True else {})
