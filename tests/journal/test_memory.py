"""What the server keeps of a request is small, and bounded."""

import tracemalloc

from veeam_mock import Settings, create_app


def test_a_device_code_and_its_entry_in_the_journal_keep_less_than_three_kilobytes() -> None:
    client = create_app(Settings()).test_client()
    form = {"grant_type": "password", "username": "administrator", "password": "veeam"}
    token = client.post("/v4/Token", data=form).get_json()["access_token"]

    def ask(times: int) -> None:
        for _ in range(times):
            reply = client.post(
                "/v4/DeviceCode", json={"targetRegion": "worldwide"}, headers={"Authorization": f"Bearer {token}"}
            )
            assert reply.status_code == 200

    ask(50)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        ask(500)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / 500 < 3_000
