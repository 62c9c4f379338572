"""What each operation of the API does: operationId -> function, each a few lines over the model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from veeam_mock.api.worlds import World
from veeam_mock.messages import Reply, Request
from veeam_mock.model import regions
from veeam_mock.model.dates import date_time
from veeam_mock.model.device_codes import DeviceCode, Purpose, Use
from veeam_mock.model.errors import InvalidLogin, WrongPurpose
from veeam_mock.model.organizations import Organization, domain_of
from veeam_mock.model.tokens import TokenPair

INSTALLATION_ID = "00000000-0000-4000-8000-00000000f001"
VERSION = "4.0.0.2516"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
SIGN_IN_PATH = "/devicelogin"
PURPOSES = {region: Purpose(region) for region in regions.NAMES}
"""What a code is for when nothing but a region was named."""


@dataclass(slots=True)
class Call:
    """What an operation gets: the world and its readings (ambiguity -> reading), the checked values and body, and the
    request as it came."""

    world: World
    readings: Mapping[str, str]
    values: Mapping[str, Any]
    body: Any
    request: Request


def get_token(call: Call) -> Reply:
    """Log in by password, or refresh (RFC 6749 sections 4.3 and 6)."""
    form = call.body
    if form["grant_type"] == "refresh_token":
        pair = call.world.tokens.refresh(_needed(form, "refresh_token"))
    else:
        pair = call.world.tokens.log_in(_needed(form, "username"), _needed(form, "password"))
    return Reply(200, _token_response(pair), NO_STORE.copy())


def _needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise InvalidLogin(f"body.{name}: is required for grant_type={form['grant_type']}")
    return form[name]


def _token_response(pair: TokenPair) -> dict[str, object]:
    login = pair.login
    return {
        "access_token": pair.access_token,
        "token_type": "bearer",
        "expires_in": max(1, round(login.access_expires_at - login.issued_at)),
        "refresh_token": pair.refresh_token,
        "userName": login.username,
        ".issued": date_time(login.issued_at),
        ".expires": date_time(login.access_expires_at),
    }


def get_organizations(call: Call) -> Reply:
    """All organizations, as a bare array."""
    return Reply(200, [_organization(call, organization) for organization in call.world.organizations.all()])


def get_organization(call: Call) -> Reply:
    """One organization."""
    return Reply(200, _organization(call, call.world.organizations.get(call.values["organizationId"])))


def add_organization(call: Call) -> Reply:
    """Spend an approved code and add the organization that it was approved for (v6, v8)."""
    wanted = call.body
    world = call.world
    region = None if wanted.get("region") is None else regions.canonical(wanted["region"])
    named = _name_in(wanted)
    code = world.device_codes.require_spendable(wanted["userCode"], (Use.ADD_ORGANIZATION,), region)
    name = (
        named
        or domain_of(code.account or world.organizations.account_of_missing(world.settings.accounts))
        or f"{code.user_code.lower()}.onmicrosoft.com"
    )
    world.organizations.require_new(name)
    organization = Organization(
        id=world.randomness.uuid(),
        name=name,
        region=region or code.purpose.region,
        office_name=wanted.get("officeName") or name,
        type=_canonical_type(wanted.get("type")),
        is_exchange_online=wanted.get("isExchangeOnline") is not False,
        is_share_point_online=wanted.get("isSharePointOnline") is not False,
    )
    world.device_codes.spend(code)
    return Reply(200, _organization(call, world.organizations.add(organization)))


def update_organization(call: Call) -> Reply:
    """Change what is sent; a `userCode` is spent for a new application of this organization (v6)."""
    organization = call.world.organizations.get(call.values["organizationId"])
    wanted = call.body
    if wanted.get("userCode") is not None:
        _spend_for(call, organization, wanted["userCode"])
    changes = {
        "office_name": wanted.get("officeName"),
        "is_exchange_online": wanted.get("isExchangeOnline"),
        "is_share_point_online": wanted.get("isSharePointOnline"),
    }
    changed = {name: value for name, value in changes.items() if value is not None}
    call.world.organizations.replace(replace(organization, **changed))
    return Reply(204)


def _spend_for(call: Call, organization: Organization, user_code: str) -> None:
    codes = call.world.device_codes
    uses = (Use.ADD_ORGANIZATION, Use.BACKUP_APPLICATIONS)
    code = codes.require_spendable(user_code, uses, organization.region)
    asked_for = code.purpose.organization_id
    if asked_for is not None and asked_for.lower() != organization.id.lower():
        raise WrongPurpose("The device code was issued for another organization.")
    codes.spend(code)


def delete_organization(call: Call) -> Reply:
    """Remove an organization (v6)."""
    call.world.organizations.remove(call.values["organizationId"])
    return Reply(204)


def _name_in(wanted: dict[str, Any]) -> str | None:
    """The name of the organization, where a request gives one."""
    settings = [wanted.get("exchangeOnlineSettings"), wanted.get("sharePointOnlineSettings")]
    names = [wanted.get("name"), *(entry.get("officeOrganizationName") for entry in settings if entry)]
    return next((name for name in [*names, wanted.get("officeName")] if name), None)


def _canonical_type(name: str | None) -> str:
    known = {kind.lower(): kind for kind in ("Office365", "OnPremises", "Hybrid")}
    return known[(name or "Office365").lower()]


def get_device_code(call: Call) -> Reply:
    """A code to add an organization, for the region that was asked for (page)."""
    organization_id = call.values.get("organizationId")
    if organization_id is not None and call.readings["unknown-organization"] == "refused":
        call.world.organizations.get(organization_id)
    region = _region(call.body, regions.WORLDWIDE)
    if organization_id is None:
        return _device_code(call, PURPOSES[region])
    return _device_code(call, Purpose(region, organization_id=organization_id))


def get_organization_device_code(call: Call) -> Reply:
    """A code for the backup applications of an organization, in its region."""
    organization = call.world.organizations.get(call.values["organizationId"])
    return _device_code(call, Purpose(organization.region, Use.BACKUP_APPLICATIONS, organization.id))


def get_restore_device_code(call: Call) -> Reply:
    """A code bound to a restore session, in the target region, or that of the organization that is named."""
    session_id = call.values["restoreSessionId"]
    call.world.require_restore_session(session_id)
    region = _region(call.body, _region_of_named(call))
    return _device_code(call, Purpose(region, Use.RESTORE, restore_session_id=session_id))


def get_service_instance(call: Call) -> Reply:
    """The installation."""
    return Reply(200, {"installationId": INSTALLATION_ID, "version": VERSION})


def _region(body: dict[str, Any], default: str) -> str:
    name = body.get("targetRegion")
    return default if name is None else regions.canonical(name)


def _region_of_named(call: Call) -> str:
    name = call.body.get("targetOrganizationName")
    for organization in call.world.organizations.all():
        if name is not None and organization.name.lower() == name.lower():
            return organization.region
    return regions.WORLDWIDE


def _device_code(call: Call, purpose: Purpose) -> Reply:
    code = call.world.device_codes.issue(purpose)
    url = verification_url(call, purpose.region)
    content: dict[str, object] = {
        "userCode": code.user_code,
        "verificationUrl": url,
        "expiresIn": _expires_in(call, code),
        "message": f"To sign in, use a web browser to open the page {url} and enter the code "
        f"{code.user_code} to authenticate.",
    }
    if call.readings["extra-properties"] == "some":
        content["interval"] = 5
    return Reply(200, content, NO_STORE.copy())


def verification_url(call: Call, region: str) -> str:
    """The page where a code of `region` is typed, as settings and readings have it."""
    configured = call.world.settings.verification_url
    if configured is not None and configured != "self":
        return configured
    match call.readings["verification-url"]:
        case "self":
            return call.request.address + SIGN_IN_PATH
        case "link":
            return regions.SIGN_IN_LINK
        case "worldwide":
            return regions.SIGN_IN_WORLDWIDE
        case _:
            return regions.sign_in_page(region)


def _expires_in(call: Call, code: DeviceCode) -> int:
    left = call.world.device_codes.remaining(code)
    return round(left * 1000 if call.readings["expires-unit"] == "milliseconds" else left) or 1


def _organization(call: Call, organization: Organization) -> dict[str, object]:
    address = f"{call.request.address}/v4/Organizations/{organization.id}"
    content: dict[str, object] = {
        "id": organization.id,
        "name": organization.name,
        "officeName": organization.office_name,
        "type": organization.type,
        "region": organization.region,
        "isExchangeOnline": organization.is_exchange_online,
        "isSharePointOnline": organization.is_share_point_online,
        "isBackedup": organization.is_backed_up,
        "_links": {"self": {"href": address}},
        "_actions": {"deviceCode": {"uri": f"{address}/DeviceCode", "method": "POST"}},
    }
    if call.readings["extra-properties"] == "some":
        content["description"] = ""
    return content


OPERATIONS: dict[str, Callable[[Call], Reply]] = {
    "getToken": get_token,
    "getOrganizations": get_organizations,
    "getOrganization": get_organization,
    "addOrganization": add_organization,
    "updateOrganization": update_organization,
    "deleteOrganization": delete_organization,
    "getDeviceCode": get_device_code,
    "getOrganizationDeviceCode": get_organization_device_code,
    "getRestoreDeviceCode": get_restore_device_code,
    "getServiceInstance": get_service_instance,
}
