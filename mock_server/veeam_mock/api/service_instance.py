"""The operation that describes the installation."""

from veeam_mock.api.calls import Call, Operations
from veeam_mock.messages import Reply

INSTALLATION_ID = "00000000-0000-4000-8000-00000000f001"


def get_service_instance(call: Call) -> Reply:
    """The installation."""
    return call.reply({"installationId": INSTALLATION_ID, "version": call.world.product})


OPERATIONS: Operations = {
    "getServiceInstance": get_service_instance,
}
