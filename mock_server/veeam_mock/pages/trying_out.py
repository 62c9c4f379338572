"""The description of a version as Swagger UI takes it: 'Try it out' is filled in with what works on this server.

The plain document stays as the real server's is; what is added here are a login by user name and password, and the
values of this world in the examples.
"""

from collections.abc import Mapping
from typing import Any

from veeam_mock.api.worlds import World
from veeam_mock.model.device_codes import DeviceCode, State, Use

LOGIN = "login"
SECURITY = "bearer"
"""The name of the scheme that operations demand."""

WANTED = {
    "addOrganization": Use.ADD_ORGANIZATION,
    "checkDeviceCode": Use.ADD_ORGANIZATION,
    "addApplications": Use.BACKUP_APPLICATIONS,
}
"""Operation -> what the device code in its body has to be for."""


def for_trying_out(document: Mapping[str, Any], world: World, version: str, root: str) -> dict[str, Any]:
    """`document`, of which nothing is changed, with what Swagger UI needs; `root` is the path of the world."""
    schemes = document["components"]["securitySchemes"]
    flows = {"password": {"tokenUrl": f"{root}/{version}/Token", "scopes": {}}}
    by_password = {"type": "oauth2", "flows": flows, "description": "Leave client_id and client_secret empty."}
    components = {**document["components"], "securitySchemes": {LOGIN: by_password, **schemes}}
    paths = {
        path: {method: _with_login(_with_code(value, world)) for method, value in item.items()}
        for path, item in document["paths"].items()
    }
    return {**document, "components": components, "paths": paths}


def _with_login(operation: Any) -> Any:
    """`operation`, which takes either way to log in; what stands beside the operations of a path is left alone."""
    if not isinstance(operation, Mapping):
        return operation
    demanded = operation.get("security", [{SECURITY: []}])
    return {**operation, "security": [{LOGIN: []}, *demanded] if demanded else []}


def _with_code(operation: Any, world: World) -> Any:
    """`operation` with the newest code that it may spend in its examples."""
    if not isinstance(operation, Mapping) or operation.get("operationId") not in WANTED:
        return operation
    code = _newest(world, WANTED[operation["operationId"]])
    return operation if code is None else _replaced(operation, code.user_code)


def _newest(world: World, use: Use) -> DeviceCode | None:
    """The newest code for `use` that has not ended, an approved one before one that waits."""
    codes = [code for code in world.device_codes.all() if code.purpose.use is use]
    for state in (State.APPROVED, State.PENDING):
        for code in reversed(codes):
            if world.device_codes.state(code) is state:
                return code
    return None


def _replaced(node: Any, user_code: str) -> Any:
    if isinstance(node, Mapping):
        return {
            key: user_code if key == "userCode" and isinstance(value, str) else _replaced(value, user_code)
            for key, value in node.items()
        }
    return [_replaced(value, user_code) for value in node] if isinstance(node, list) else node
