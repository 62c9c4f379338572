"""The examples for Kubernetes and Compose: valid, and about settings, paths and names that there are."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from veeam_mock.control.description import control_spec
from veeam_mock.settings.options import BY_KEY
from veeam_mock.settings.sources import read_environment

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted((EXAMPLES / "kubernetes").glob("*.yaml"))
OBJECTS = [(path.name, found) for path in FILES for found in yaml.safe_load_all(path.read_text("utf-8"))]
VERSIONS = ["1.29", kubernetes_validate.latest_version().rpartition(".")[0]]
SECRET_KEYS = {("veeam-mock", "admin-key")}


def one(kind: str, name: str) -> dict[str, Any]:
    [found] = [found for _, found in OBJECTS if (found["kind"], found["metadata"]["name"]) == (kind, name)]
    return dict(found)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("file", "described"), OBJECTS, ids=[f"{file}-{found['kind']}" for file, found in OBJECTS])
def test_every_object_is_valid(file: str, described: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(described, version, strict=True)


def test_a_mistyped_key_is_found() -> None:
    broken = one("Service", "veeam-mock")
    broken["spec"] = {**broken["spec"], "selectors": {}}
    with pytest.raises(kubernetes_validate.ValidationError, match="selectors"):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def test_three_replicas_have_one_store_one_certificate_and_one_key() -> None:
    spec = one("Deployment", "veeam-mock")["spec"]
    [container] = spec["template"]["spec"]["containers"]
    assert spec["replicas"] == 3
    given = {entry["name"]: entry for entry in container["env"]}
    read = read_environment({name: entry.get("value", "key") for name, entry in given.items()})
    assert set(read) == {"store", "cert", "key", "admin_key"} <= set(BY_KEY)
    reference = given["VEEAM_MOCK_ADMIN_KEY"]["valueFrom"]["secretKeyRef"]
    assert (reference["name"], reference["key"]) in SECRET_KEYS
    assert "--from-literal=admin-key=" in FILES[-1].read_text("utf-8")
    address = f"redis://{one('Service', 'veeam-mock-redis')['metadata']['name']}:6379/0"
    assert read["store"] == address


def test_the_probes_ask_what_is_answered() -> None:
    [container] = one("Deployment", "veeam-mock")["spec"]["template"]["spec"]["containers"]
    probe = container["readinessProbe"]["httpGet"]
    assert "get" in control_spec().document["paths"][probe["path"]]
    assert control_spec().document["paths"][probe["path"]]["get"]["security"] == []
    assert "tcpSocket" in container["livenessProbe"], "a Redis that is away is no reason to start a pod anew"


@pytest.mark.parametrize("name", ["veeam-mock", "veeam-mock-redis"])
def test_a_service_selects_its_pods(name: str) -> None:
    [workload] = [found for _, found in OBJECTS if found["kind"] != "Service" and found["metadata"]["name"] == name]
    service = one("Service", name)
    assert service["spec"]["selector"] == workload["spec"]["template"]["metadata"]["labels"]
    [container] = workload["spec"]["template"]["spec"]["containers"]
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= {port["name"] for port in container["ports"]}


def test_the_composition_has_redis_in_a_profile() -> None:
    services = yaml.safe_load((EXAMPLES / "docker" / "compose.yaml").read_text("utf-8"))["services"]
    assert services["redis"]["profiles"] == ["redis"]
    assert services["veeam"]["environment"]["VEEAM_MOCK_STORE"] == "${VEEAM_MOCK_STORE:-memory}"
    assert "noeviction" in services["redis"]["command"]
