"""The operations that answer with a device code, and the one that asks what became of it."""

from typing import Any

from veeam_mock.api.calls import Call, Operations
from veeam_mock.messages import NO_STORE, Reply
from veeam_mock.model import regions
from veeam_mock.model.dates import date_time
from veeam_mock.model.device_codes import DeviceCode, Purpose, State, Use

SIGN_IN_PATH = "/devicelogin"
AZURE_CLOUDS = {"Global": "Worldwide", "Germany": "Germany", "China": "China", "Government": "USGovernment"}
"""Names of Azure's clouds -> canonical names of regions."""

PURPOSES = {region: Purpose(region) for region in regions.NAMES}
"""What a code is for when nothing but a region was named."""


def get_device_code(call: Call) -> Reply:
    """A code to add an organization, for the region that was asked for (page)."""
    organization_id = call.values.get("organizationId")
    if organization_id is not None and call.readings.get("unknown-organization") == "refused":
        call.world.organizations.get(organization_id)
    region = _region(call.body, regions.WORLDWIDE)
    if organization_id is None:
        return _device_code(call, PURPOSES[region])
    return _device_code(call, Purpose(region, organization_id=organization_id))


def check_device_code(call: Call) -> Reply:
    """Whether a code has been approved (v6); it can be asked again, and spends nothing."""
    codes = call.world.device_codes
    state = codes.state(codes.find(call.body["userCode"]))
    return call.reply({"authenticated": state in (State.APPROVED, State.SPENT)})


def get_organization_device_code(call: Call) -> Reply:
    """A code for the backup applications of an organization, in its region."""
    organization = call.world.organizations.get(call.values["organizationId"])
    return _device_code(call, Purpose(organization.region, Use.BACKUP_APPLICATIONS, organization.id))


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


def get_restore_device_code(call: Call) -> Reply:
    """A code bound to a restore session, in the target region, or that of the organization that is named."""
    session_id = call.values["restoreSessionId"]
    call.world.restore_sessions.require_working(session_id)
    region = _region(call.body, _region_of_named(call))
    return _device_code(call, Purpose(region, Use.RESTORE, restore_session_id=session_id))


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
    left = code.expires_at - code.issued_at
    return round(left * 1000 if call.readings.get("expires-unit") == "milliseconds" else left) or 1


OPERATIONS: Operations = {
    "getDeviceCode": get_device_code,
    "checkDeviceCode": check_device_code,
    "getOrganizationDeviceCode": get_organization_device_code,
    "getAzureDeviceCode": get_azure_device_code,
    "getRestoreDeviceCode": get_restore_device_code,
}
