"""What a user of veeam-365 writes to add an organization by a code. Takes the address, the version and the CA's file.

Prints a JSON value a line; waits for a line after the code, while a person signs in.
"""

import asyncio
import json
import os
import ssl
import sys
from importlib import import_module
from typing import Any

import httpx
from veeam_365.client import VeeamClient
from veeam_365.discovery import detect_api_version


def tell(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def main(url: str, version: str, ca_cert: str) -> None:
    trust = ssl.create_default_context(cafile=ca_cert)
    async with httpx.AsyncClient(verify=trust) as anonymous:
        served = ["v6", "v7", "v8"]
        tell([await detect_api_version(url, versions=[each], client=anonymous) for each in served])
        tell(await detect_api_version(url, client=anonymous))
    user, password = os.environ["VEEAM_USERNAME"], os.environ["VEEAM_PASSWORD"]
    async with VeeamClient(url, user, password, version, verify_ssl=trust) as client:
        await client.connect()
        await add_organization(client, import_module(f"veeam_365.{version}.models"))


async def add_organization(client: VeeamClient, models: Any) -> None:
    operations = client.api("organization")
    tell(await names(client))
    options = models.RESTCommonDeviceCodeRequestOptions.from_dict({"targetRegion": "Worldwide"})
    code = (await client.call(operations.organization_organization_device_code, body=options)).user_code
    tell(code)
    tell(await is_approved(client, models, code))
    input()
    tell(await is_approved(client, models, code))
    wanted = {
        "type": "Office365",
        "region": "Worldwide",
        "isExchangeOnline": True,
        "configureApplication": True,
        "userCode": code,
        "newApplicationName": "Backup of Fabrikam",
    }
    organization = models.RestOrganizationComposed.from_dict(wanted)
    added = await client.call(operations.organization_add, body=organization)
    tell(added.to_dict())
    found = await client.call(operations.organization_get_by_id, organization_id=str(added.id))
    tell(found.to_dict())
    tell(await names(client))


async def names(client: VeeamClient) -> list[str]:
    found = await client.call(client.api("organization").organization_get)
    return [organization.name for organization in getattr(found, "results", found)]


async def is_approved(client: VeeamClient, models: Any, code: str) -> bool:
    body = models.RESTCheckDeviceCode(user_code=code)
    answer: bool = (
        await client.call(client.api("organization").organization_check_device_code, body=body)
    ).authenticated
    return answer


asyncio.run(main(*sys.argv[1:]))
