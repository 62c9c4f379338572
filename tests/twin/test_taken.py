"""What a server takes beyond the description: the mock by its profile takes that, and nothing else."""

from pathlib import Path

import pytest
import requests

from veeam_mock import MockServer

TAKEN = "profile: 1\ntaken: [media-type]\n"


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {"Content-Type": "text/plain"}, 200),
        ("", {}, 200),
        ("?organizationId=seven", {"Content-Type": "text/plain"}, 400),
        ("?organizationId=seven", {"Content-Type": "application/json"}, 400),
        ("", {"Content-Type": "application/json", "Content-Encoding": "br"}, 415),
        ("?organizationId=seven", {"Content-Type": "text/plain", "Content-Encoding": "br"}, 415),
    ],
)
def test_a_body_of_any_type_is_taken_and_mistakes_elsewhere_are_not(
    query: str, headers: dict[str, str], status: int, tmp_path: Path
) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(TAKEN, "utf-8")
    with MockServer(http=True, profile=str(profile)) as server:
        headers = {**server.session().headers, **headers}
        answer = requests.post(
            f"{server.url}/v4/DeviceCode{query}", b'{"targetRegion": "worldwide"}', headers=headers, timeout=5
        )
    assert answer.status_code == status, answer.text
    assert ("userCode" in answer.json()) is (status == 200)
    assert ("organizationId" in answer.text) is ("seven" in query)
