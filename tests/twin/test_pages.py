"""Pages for signing in that a profile names, whatever else it tells."""

from pathlib import Path

import pytest

from veeam_mock import MockServer

OURS = "https://microsoft.com/devicelogin"
GERMAN = "https://microsoft.com/devicelogin/de"
CHINESE = "https://example.cn/devicelogin"
PAGES = f"profile: 1\npages:\n  Germany: {GERMAN}\n  China: {CHINESE}\n"


@pytest.mark.parametrize("more", ["", "answers: [{operation: getDeviceCode, status: 200}]\n"])
@pytest.mark.parametrize("api", ["v4", "v8"])
def test_pages_need_no_body_beside_them(api: str, more: str, tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(PAGES + more, "utf-8")
    pages = {"Germany": GERMAN, "germany": GERMAN, "China": CHINESE, "Worldwide": OURS, "USGovernment": f"{OURS}us"}
    with MockServer(http=True, profile=str(profile)) as server:
        session = server.session()
        for region, page in pages.items():
            answer = session.post(f"{server.url}/{api}/DeviceCode", json={"targetRegion": region}).json()
            assert answer["verificationUrl"] == page
            assert f"open the page {page} and enter the code {answer['userCode']}" in answer["message"]


def test_a_page_that_the_settings_name_stays_where_a_profile_has_pages_alone(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(PAGES, "utf-8")
    own = "https://example.test/devicelogin"
    with MockServer(http=True, profile=str(profile), verification_url=own) as server:
        answer = server.session().post(f"{server.url}/v8/DeviceCode", json={"targetRegion": "China"}).json()
    assert answer["verificationUrl"] == own
