"""Wrong uses of the API in tests. A type checker reports each line that ends with `# wrong`, and no other."""

from veeam_mock import InterceptedServer, MockServer, Settings

MockServer(code_lifetim="5s")  # wrong
MockServer(port="4443")  # wrong
MockServer(api=["v9"])  # wrong
MockServer(faults=[{"preset": "throtled"}])  # wrong
InterceptedServer(expires_unit="minutes")  # wrong
Settings(token_lifetime=None)  # wrong


def check(veeam: MockServer) -> None:
    veeam.faults.add("statuss", status=503)  # wrong
    veeam.faults.add("status", status="503")  # wrong
    veeam.faults.add("status", status=503, time=1)  # wrong
    veeam.faults.add(preset="throttled", operation="getDeviceCodes")  # wrong
    veeam.faults.add("reset", match={"methd": "GET"})  # wrong
    veeam.requests.verify(1, operaton="getToken")  # wrong
    veeam.requests.list(status="200")  # wrong
    print(veeam.requests.list(body={"/targetRegion": "China"})[0].repply)  # noqa: T201  # wrong
    veeam.device_codes.newest.account = "ada@contoso.onmicrosoft.com"  # wrong
    veeam.change_settings(port=1)  # wrong
    veeam.clock.advance(None)  # wrong
    assert veeam.device_codes.newest.state == "aproved"  # wrong
