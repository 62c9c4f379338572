"""What each operation of the API does: operationId -> function, each a few lines over the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from veeam_mock.api.worlds import World
from veeam_mock.messages import Headers, Reply, Request, bearer_token
from veeam_mock.model import regions
from veeam_mock.model.dates import date_time
from veeam_mock.model.device_codes import DeviceCode, Purpose, State, Use
from veeam_mock.model.errors import InvalidLogin, WrongPurpose
from veeam_mock.model.organizations import Organization, domain_of
from veeam_mock.model.randomness import TOKEN_ALPHABET
from veeam_mock.model.restore_sessions import KINDS, RestoreSession
from veeam_mock.model.tokens import TOKEN_LENGTH, TokenPair
from veeam_mock.spec.spec import CheckedRequest, Operation
from veeam_mock.spec.versions import Version

INSTALLATION_ID = "00000000-0000-4000-8000-00000000f001"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
SIGN_IN_PATH = "/devicelogin"
AUTH_CODE_PREFIX = "mock-auth-"
PAGE_SIZE = 30
AZURE_CLOUDS = {"Global": "Worldwide", "Germany": "Germany", "China": "China", "Government": "USGovernment"}
"""Names of Azure's clouds -> canonical names of regions."""

PURPOSES = {region: Purpose(region) for region in regions.NAMES}
"""What a code is for when nothing but a region was named."""


@dataclass(slots=True)
class Call:
    """What an operation gets: the world, the version that was asked, the operation as that version describes it, the
    checked values and body, and the request as it came."""

    world: World
    version: Version
    operation: Operation
    checked: CheckedRequest
    request: Request

    @property
    def body(self) -> Any:
        """The JSON value of the body."""
        return self.checked.body

    @property
    def values(self) -> Mapping[str, Any]:
        """The values of the parameters."""
        return self.checked.values

    @property
    def readings(self) -> Mapping[str, str]:
        """The reading of each ambiguity of the version."""
        return self.version.spec.readings

    def reply(self, content: object = None, headers: Headers | None = None) -> Reply:
        """The good reply, with the status that the version gives it."""
        return Reply(self.operation.success, content, headers or {})

    def link(self, path: str) -> str:
        """The address of `path` below the version: whole up to v5, without host and port from v6."""
        root = self.request.address if self.version.rendition.has_absolute_links else self.request.mount
        return f"{root}/{self.version.name}/{path}"


def get_token(call: Call) -> Reply:
    """Log in by password, refresh (RFC 6749 sections 4.3 and 6), or by any assertion, as the first user (RFC 7523)."""
    form = call.body
    match form["grant_type"]:
        case "refresh_token":
            pair = call.world.tokens.refresh(_needed(form, "refresh_token"))
        case "password" | "operator":
            pair = call.world.tokens.log_in(_needed(form, "username"), _needed(form, "password"))
        case _:
            _needed(form, "assertion")
            pair = call.world.tokens.grant_for(next(iter(call.world.settings.passwords)))
    return call.reply(_token_response(pair), NO_STORE.copy())


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


def log_out(call: Call) -> Reply:
    """End the login whose access token the request carries (v7)."""
    call.world.tokens.revoke(bearer_token(call.request) or "")
    return call.reply()


def get_auth_code(call: Call) -> Reply:
    """A code for this login (v7); nothing here takes it."""
    return call.reply({"authCode": AUTH_CODE_PREFIX + call.world.randomness.text(TOKEN_ALPHABET, TOKEN_LENGTH)})


def get_organizations(call: Call) -> Reply:
    """All organizations, as a bare array or as a page."""
    wanted = call.values
    found = [
        organization
        for organization in call.world.organizations.all()
        if "msid" not in wanted and wanted.get("backedUpOrganizationId", organization.name) == organization.name
    ]
    if not call.version.rendition.has_pages:
        return call.reply([_organization(call, organization) for organization in found])
    page = page_of(call, "Organizations", found)
    page["results"] = [_organization(call, organization) for organization in page["results"]]
    return call.reply(page)


def page_of(call: Call, path: str, items: Sequence[Any]) -> dict[str, Any]:
    """The page of `items` that the parameters `offset` and `limit` name, with links to itself and the next one."""
    offset, limit = call.values.get("offset", 0), call.values.get("limit", PAGE_SIZE)
    links = {"self": {"href": f"{call.link(path)}?offset={offset}&limit={limit}"}}
    if 0 < limit < len(items) - offset:
        links["next"] = {"href": f"{call.link(path)}?offset={offset + limit}&limit={limit}"}
    return {"offset": offset, "limit": limit, "results": items[offset : offset + limit], "_links": links}


def get_organization(call: Call) -> Reply:
    """One organization."""
    return call.reply(_organization(call, call.world.organizations.get(call.values["organizationId"])))


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
    return call.reply(_organization(call, world.organizations.add(organization)))


def update_organization(call: Call) -> Reply:
    """Change what is sent; a `userCode` that was asked for to add it is spent for its login (v6)."""
    organization = call.world.organizations.get(call.values["organizationId"])
    wanted = call.body
    if wanted.get("userCode") is not None:
        _spend_for(call, organization, wanted["userCode"], Use.ADD_ORGANIZATION)
    changes = {
        "office_name": wanted.get("officeName"),
        "is_exchange_online": wanted.get("isExchangeOnline"),
        "is_share_point_online": wanted.get("isSharePointOnline"),
    }
    changed = {name: value for name, value in changes.items() if value is not None}
    call.world.organizations.replace(replace(organization, **changed))
    return call.reply()


def _spend_for(call: Call, organization: Organization, user_code: str, use: Use) -> None:
    codes = call.world.device_codes
    code = codes.require_spendable(user_code, (use,), organization.region)
    asked_for = code.purpose.organization_id
    if asked_for is not None and asked_for.lower() != organization.id.lower():
        raise WrongPurpose("The device code was issued for another organization.")
    codes.spend(code)


def add_applications(call: Call) -> Reply:
    """Spend the code of an organization for its backup applications."""
    organization = call.world.organizations.get(call.values["organizationId"])
    wanted = call.body
    _spend_for(call, organization, wanted["userCode"], Use.BACKUP_APPLICATIONS)
    name = wanted.get("displayName") or "Veeam Backup"
    count = wanted.get("count") or 1
    names = [name] if count == 1 else [f"{name} {number}" for number in range(1, count + 1)]
    applications = [{"applicationId": call.world.randomness.uuid(), "displayName": each} for each in names]
    page = {"offset": 0, "limit": count, "results": applications}
    links = {"self": {"href": call.link(f"Organizations/{organization.id}/BackupApplications")}}
    return call.reply({**page, "_links": links})


def delete_organization(call: Call) -> Reply:
    """Remove an organization (v6)."""
    call.world.organizations.remove(call.values["organizationId"])
    return call.reply()


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
    if organization_id is not None and call.readings.get("unknown-organization") == "refused":
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
    call.world.restore_sessions.require_working(session_id)
    region = _region(call.body, _region_of_named(call))
    return _device_code(call, Purpose(region, Use.RESTORE, restore_session_id=session_id))


def check_device_code(call: Call) -> Reply:
    """Whether a code has been approved (v6); it can be asked again, and spends nothing."""
    codes = call.world.device_codes
    state = codes.state(codes.find(call.body["userCode"]))
    return call.reply({"authenticated": state in (State.APPROVED, State.SPENT)})


def get_azure_device_code(call: Call) -> Reply:
    """A code for an Azure service account, in the cloud that is named (v6)."""
    region = AZURE_CLOUDS[call.body.get("azureEnvironment", "Global")]
    code = call.world.device_codes.issue(Purpose(region, Use.AZURE_ACCOUNT))
    url = verification_url(call, region)
    content = {
        "userCode": code.user_code,
        "verificationUri": url,
        "expiresOnUtc": date_time(code.expires_at),
        "message": _message(url, code),
    }
    return call.reply(content, NO_STORE.copy())


def explore_organization(call: Call) -> Reply:
    """Start a restore session for the backups of an organization."""
    organization = call.world.organizations.get(call.values["organizationId"])
    wanted = call.body.get("explore", call.body) or {}
    kind = next(kind for kind in KINDS if kind.lower() == (wanted.get("type") or KINDS[0]).lower())
    session = RestoreSession(call.world.randomness.uuid(), organization.name, kind, call.world.clock.now())
    return call.reply(_restore_session(call, call.world.restore_sessions.start(session)))


def get_restore_session(call: Call) -> Reply:
    """One restore session."""
    return call.reply(_restore_session(call, call.world.restore_sessions.get(call.values["restoreSessionId"])))


def stop_restore_session(call: Call) -> Reply:
    """End a restore session, which then gives no codes any more."""
    call.world.restore_sessions.end(call.values["restoreSessionId"], call.world.clock.now())
    return call.reply()


def _restore_session(call: Call, session: RestoreSession) -> dict[str, object]:
    content: dict[str, object] = {
        "id": session.id,
        "name": session.organization,
        "organization": session.organization,
        "type": session.kind,
        "creationTime": date_time(session.created_at),
        "state": "Working" if session.ended_at is None else "Stopped",
        "result": "Success",
        "_links": {"self": {"href": call.link(f"RestoreSessions/{session.id}")}},
    }
    return content if session.ended_at is None else {**content, "endTime": date_time(session.ended_at)}


def get_service_instance(call: Call) -> Reply:
    """The installation."""
    return call.reply({"installationId": INSTALLATION_ID, "version": call.world.product})


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
        "message": _message(url, code),
    }
    if call.readings["extra-properties"] == "some":
        content["interval"] = 5
    return call.reply(content, NO_STORE.copy())


def _message(url: str, code: DeviceCode) -> str:
    return f"To sign in, use a web browser to open the page {url} and enter the code {code.user_code} to authenticate."


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
    return round(left * 1000 if call.readings.get("expires-unit") == "milliseconds" else left) or 1


def _organization(call: Call, organization: Organization) -> dict[str, object]:
    address = call.link(f"Organizations/{organization.id}")
    content: dict[str, object] = {
        "id": organization.id,
        "name": organization.name,
        "officeName": organization.office_name,
        "type": organization.type,
        "region": call.version.rendition.region(organization.region),
        "isExchangeOnline": organization.is_exchange_online,
        "isSharePointOnline": organization.is_share_point_online,
        "isBackedup": organization.is_backed_up,
        "_links": {"self": {"href": address}},
        "_actions": {"deviceCode": {"uri": f"{address}/DeviceCode", "method": "POST"}},
    }
    if call.readings["extra-properties"] == "some":
        content["description"] = ""
    return content


OPERATIONS: Mapping[str, Callable[[Call], Reply]] = {
    "getToken": get_token,
    "logOut": log_out,
    "getAuthCode": get_auth_code,
    "getOrganizations": get_organizations,
    "getOrganization": get_organization,
    "addOrganization": add_organization,
    "updateOrganization": update_organization,
    "deleteOrganization": delete_organization,
    "addApplications": add_applications,
    "getDeviceCode": get_device_code,
    "checkDeviceCode": check_device_code,
    "getOrganizationDeviceCode": get_organization_device_code,
    "getAzureDeviceCode": get_azure_device_code,
    "getRestoreDeviceCode": get_restore_device_code,
    "exploreOrganization": explore_organization,
    "getRestoreSession": get_restore_session,
    "stopRestoreSession": stop_restore_session,
    "getServiceInstance": get_service_instance,
}
