"""The questions of `x-ambiguities`, put to the server: which reading it picks, and what shows it. Never a failure."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from veeam_contracts.asking.admission import Refused
from veeam_contracts.asking.client import JSON, NOBODY, Client
from veeam_contracts.asking.exchange import Exchange, is_sendable
from veeam_contracts.asking.gate import NoAnswer
from veeam_contracts.judging.findings import not_tested
from veeam_contracts.paths import is_at
from veeam_contracts.rules.expectations import SECONDS, code_of
from veeam_contracts.rules.grants import grants_in, newest_of, opened, tried

Answer = tuple[str, str]
"""The reading, by its name in the catalogue where it has one, and the evidence."""


def codes(api: Client) -> list[Exchange]:
    """The answers with a device code so far."""
    found = [exchange for exchange in api.journal if exchange.status == 200 and code_of(exchange)]
    if not found:
        api.survey.require("getDeviceCode")
        not_tested("no device code was given", see="code.status")
    return found


def first(exchanges: Iterable[Exchange], what: str) -> Exchange:
    """The first of `exchanges`; the question stays open without one."""
    found = next(iter(exchanges), None)
    if found is None:
        not_tested(f"no {what} was seen")
    return found


def expires_unit(api: Client) -> Answer:
    life = codes(api)[0].member("expiresIn")
    return ("seconds" if isinstance(life, int) and life in SECONDS else "milliseconds"), f"expiresIn {life}"


def _probe(api: Client, operation: str, exchange: Exchange, when_ok: str, when_refused: str) -> Answer:
    """The reading that a success, or a refusal, shows; a server that refuses good requests as well shows none by it."""
    good = api.survey.asked.get(operation)
    if good is not None and not good.is_good and not exchange.is_good:
        not_tested(f"{api.version.label(operation)} is refused whoever asks, with {good.status}")
    return (when_ok if exchange.is_good else when_refused), f"status {exchange.status}"


def organization_id(api: Client) -> Answer:
    return _probe(api, "getDeviceCode", api.device_code(query={}), "optional", "required")


def unknown_organization(api: Client) -> Answer:
    exchange = api.device_code(query={"organizationId": NOBODY})
    return _probe(api, "getDeviceCode", exchange, "ignored", "refused")


def region_required(api: Client) -> Answer:
    exchange = api.post_json(api.path_of("getDeviceCode"), {}, query=api.organization_query())
    return _probe(api, "getDeviceCode", exchange, "optional", "required")


def region_names(api: Client) -> Answer:
    old, new = api.device_code("USgovDefence"), api.device_code("USDefence")
    reading = {(True, True): "all", (True, False): "v2-v5", (False, True): "v6"}.get((old.ok, new.ok), "neither")
    return reading, f"USgovDefence: status {old.status}, USDefence: status {new.status}"


def region_case(api: Client) -> Answer:
    exchange = api.device_code("wORLDWIDE")
    return _probe(api, "getDeviceCode", exchange, "ignored", "exact")


def _error_member(exchange: Exchange) -> Answer:
    names = list(exchange.value) if isinstance(exchange.value, dict) else []
    reading = next((name for name in ("error", "message", "Message") if name in names), "another")
    return reading, f"members {', '.join(map(str, names)) or 'none'} with status {exchange.status}"


def error_shape(api: Client) -> Answer:
    refusals = (e for e in api.journal if e.refused and e.body and api.version.serves(e.path) and not e.is_token)
    return _error_member(first(refusals, "refusal with a body"))


def token_error_shape(api: Client) -> Answer:
    refusals = (e for e in api.journal if e.refused and e.body and e.is_token and e.method == "POST")
    reading, evidence = _error_member(first(refusals, "refused login with a body"))
    return ("oauth" if reading == "error" else reading), evidence


def bad_body_status(api: Client) -> Answer:
    exchange = api.device_code("Atlantis")
    return str(exchange.status), f"status {exchange.status} for the region Atlantis"


def charset(api: Client) -> Answer:
    given = codes(api)[0].headers.get("content-type", "")
    return ("utf-8" if "charset" in given.lower() else "none"), f"Content-Type: {given}"


def length(api: Client) -> Answer:
    headers = codes(api)[0].headers
    if "content-length" in headers:
        return "content-length", "a header Content-Length"
    return ("chunked" if "transfer-encoding" in headers else "until the end of the connection"), "no Content-Length"


def code_shape(api: Client) -> Answer:
    lengths = sorted({len(code_of(exchange) or "") for exchange in codes(api)})
    return " or ".join(map(str, lengths)), f"{len(codes(api))} codes of {' or '.join(map(str, lengths))} characters"


def verification_url(api: Client) -> Answer:
    named = (exchange.member("verificationUrl") for exchange in codes(api))
    addresses = list(dict.fromkeys(address for address in named if isinstance(address, str)))
    if not addresses:
        not_tested("no answer named a page to sign in")
    if addresses[0].startswith(f"{api.target.url}/"):
        return "self", addresses[0]
    pages = {"https://microsoft.com/devicelogin": "worldwide", "https://www.microsoft.com/link": "link"}
    reading = "region" if len(addresses) > 1 else pages.get(addresses[0], "another page")
    return reading, ", ".join(addresses)


def path_case(api: Client) -> Answer:
    exchange = api.get(api.path_of("getServiceInstance").replace("Service", "SERVICE"))
    return _probe(api, "getServiceInstance", exchange, "ignored", "exact")


def path_slash(api: Client) -> Answer:
    exchange = api.get(api.path_of("getServiceInstance") + "/")
    return _probe(api, "getServiceInstance", exchange, "ignored", "refused")


def json_leniency(api: Client) -> Answer:
    body = b'{"TargetRegion": "Worldwide",}'
    exchange = api.send(
        "POST", api.path_of("getDeviceCode"), body=body, media_type=JSON, query=api.organization_query()
    )
    return _probe(api, "getDeviceCode", exchange, "read", "refused")


def form_multipart(api: Client) -> Answer:
    part = '--mock\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nrefresh_token\r\n--mock--\r\n'
    media_type = "multipart/form-data; boundary=mock"
    exchange = api.send("POST", api.path_of("getToken"), token=None, body=part.encode(), media_type=media_type)
    reading = {400: "read", 415: "refused"}.get(exchange.status or 0, "another")
    return reading, f"status {exchange.status} for a grant without its token"


def extra_properties(api: Client) -> Answer:
    listed = {"userCode", "verificationUrl", "expiresIn", "message"}
    of_the_page = [exchange for exchange in codes(api) if not is_at(exchange.path, "getAzureDeviceCode")]
    extra = sorted({name for exchange in of_the_page for name in exchange.value} - listed)
    return ("some" if extra else "none"), ", ".join(extra) or "the four of the page"


def extended_view(api: Client) -> Answer:
    exchange = api.get(api.version.places["getOrganizations"][1])
    return _probe(api, "getOrganizations", exchange, "optional", "required")


def throttling(api: Client) -> Answer:
    times, asked = api.admission.used.throttled, len(codes(api))
    return ("some" if times else "none"), f"429 {times} times, {asked} codes were given"


def antiforgery(api: Client) -> Answer:
    granted = api.guarded
    token = granted.member("access_token") if granted is not None else None
    if not is_sendable(token):
        not_tested("no login asked for an antiforgery cookie")
    exchange = api.get(api.protected_path(), token=token)
    return ("cookie" if exchange.status == 401 else "ignored"), f"status {exchange.status} without the cookie"


def refresh_rotation(api: Client) -> Answer:
    """By the journal: somebody else has used refresh tokens, once and again."""
    journal = api.journal
    for grant in grants_in(journal):
        if grant.used and grant.refresh == grant.used:
            return "same", "a refresh gave the same refresh token again"
        again = tried(journal, grant.used, grant.at) if grant.used else None
        if again is None:
            continue
        at, exchange = again
        grants = grants_in(journal[:at])
        newest = newest_of(grant, grants)
        if is_sendable(exchange.member("access_token")):
            return "kept", f"status {exchange.status} for a used one"
        is_last = all(each.used for each in grants if each.at > newest.at)  # or another login may have ended it
        if is_last and any(not use.ok for use in opened(journal, newest.access, at)):
            return "family", f"status {exchange.status} for a used one, and then 401 for the token that came of it"
        return "rotated", f"status {exchange.status} for a used one"
    not_tested("no refresh token was used twice", see="token.refresh")


def refresh_access(api: Client) -> Answer:
    """By the journal: an access token was used after its refresh token, and no login had come between."""
    grants = grants_in(api.journal)
    for number, grant in enumerate(grants):
        beside = next((at for at in range(number)[::-1] if grant.used and grants[at].refresh == grant.used), None)
        if beside is None or any(not each.used for each in grants[beside + 1 : number]):
            continue
        for use in opened(api.journal, grants[beside].access, grant.at):
            return ("lives" if use.ok else "ends"), f"status {use.status}"
    not_tested("no access token was used after its refresh token", see="token.refresh")


def logins_per_user(api: Client) -> Answer:
    """By the journal: a token was used after another login. Where it was refused, the refresh token beside it shows
    whether that has ended as well."""
    grants = grants_in(api.journal)
    logins = [grant for grant in grants if not grant.used]
    seen = [
        (first, second, use)
        for first, second in zip(logins, logins[1:], strict=False)
        for use in opened(api.journal, first.access, second.at)
        if use.ok or not any(each.used == first.refresh for each in grants if each.at < second.at)
    ]
    if not seen:
        not_tested("no token was used after another login")
    first, second, use = next((each for each in seen if each[2].ok), seen[0])
    if use.ok:
        return "any", f"status {use.status} after another login"
    if first.refresh and tried(api.journal, first.refresh, second.at) is None:
        with suppress(Refused, NoAnswer):
            api.form({"grant_type": "refresh_token", "refresh_token": first.refresh})
    renewal = tried(api.journal, first.refresh, second.at)
    is_good = renewal is not None and renewal[1].ok
    told = "but its refresh token is good" if is_good else "and no refresh token that is good"
    return ("one-access" if is_good else "one"), f"status {use.status} after another login, {told}"


PROBES: dict[str, Callable[[Client], Answer]] = {
    "expires-unit": expires_unit,
    "organization-id": organization_id,
    "unknown-organization": unknown_organization,
    "region-required": region_required,
    "region-names": region_names,
    "region-case": region_case,
    "error-shape": error_shape,
    "token-error-shape": token_error_shape,
    "bad-body-status": bad_body_status,
    "charset": charset,
    "length": length,
    "code-shape": code_shape,
    "verification-url": verification_url,
    "path-case": path_case,
    "path-slash": path_slash,
    "json-leniency": json_leniency,
    "form-multipart": form_multipart,
    "extra-properties": extra_properties,
    "extended-view": extended_view,
    "antiforgery": antiforgery,
    "refresh-rotation": refresh_rotation,
    "refresh-access": refresh_access,
    "logins-per-user": logins_per_user,
    "throttling": throttling,
}
