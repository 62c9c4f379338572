"""The operations of organizations: list, add by a code, change, remove, and their applications."""

from typing import Any

from veeam_mock.api.calls import Call, Operations, page_of
from veeam_mock.messages import Reply
from veeam_mock.model import regions
from veeam_mock.model.device_codes import Use
from veeam_mock.model.errors import AlreadyExists, WrongPurpose
from veeam_mock.model.organizations import Organization, domain_of


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
        **_said_beyond_v4(call),
    )
    spent = world.device_codes.spend(code)
    try:
        world.organizations.add(organization)
    except AlreadyExists:  # another process was first, since we looked
        world.device_codes.unspend(spent, code)
        raise
    return call.reply(_organization(call, organization))


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
        **_said_beyond_v4(call),
    }
    changed = {name: value for name, value in changes.items() if value is not None}
    call.world.organizations.change(organization.id, **changed)
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


def _said_beyond_v4(call: Call) -> dict[str, Any]:
    """What a request says of an organization in properties that came after v4."""
    return {kept: call.body.get(name) for name, kept in call.version.rendition.organization.items()}


def _canonical_type(name: str | None) -> str:
    known = {kind.lower(): kind for kind in ("Office365", "OnPremises", "Hybrid")}
    return known[(name or "Office365").lower()]


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
    for name, kept in call.version.rendition.organization.items():
        if (value := getattr(organization, kept)) is not None:
            content[name] = value
    if call.readings["extra-properties"] == "some":
        content.setdefault("description", "")
    return content


OPERATIONS: Operations = {
    "getOrganizations": get_organizations,
    "getOrganization": get_organization,
    "addOrganization": add_organization,
    "updateOrganization": update_organization,
    "deleteOrganization": delete_organization,
    "addApplications": add_applications,
}
