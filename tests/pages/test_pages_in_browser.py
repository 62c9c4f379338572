"""The pages in a real browser: a person at the sign-in page and at the state page."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from support.api_client import ApiClient
from support.browser import TIMEOUT, accessibility_problems, axe_source, expect, launched
from veeam_mock import MockServer, create_app

pytestmark = pytest.mark.long

KEY = "open-sesame"
HOLD_WHAT_IS_FETCHED = """
  const fetch_now = window.fetch;
  window.held = [];
  window.fetch = async (address, options) => {
    await new Promise((release) => {
      document.documentElement.dataset.held = held.push({ key: options.headers["X-Admin-Key"] ?? null, release });
    });
    return fetch_now(address, options);
  };
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture(params=["script", "no script"])
def person(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page of a browser with JavaScript, and of one without."""
    context = chromium.new_context(ignore_https_errors=True, java_script_enabled=request.param == "script")
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    context.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(ignore_https_errors=True)
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.mistakes = []
    page.on("pageerror", lambda error: page.mistakes.append(str(error)))
    page.on("console", lambda line: page.mistakes.append(line.text) if line.type == "error" else None)
    yield page
    context.close()


@pytest.fixture
def own_page(serve: Callable[..., MockServer]) -> MockServer:
    """A server over HTTPS whose answers lead to its own page."""
    return serve(http=False, verification_url="self")


@pytest.fixture
def user(own_page: MockServer) -> ApiClient:
    return ApiClient(own_page.url, own_page.ca_cert or True)


@pytest.fixture
def application() -> Iterator[str]:
    """The address of the WSGI application, served by a server that holds on to no connection of its own."""
    with make_server("127.0.0.1", 0, create_app(), threaded=True) as serving:
        thread = Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def ask(user: ApiClient) -> tuple[str, str]:
    answer = user.device_code().json()
    return answer["userCode"], answer["verificationUrl"]


def enter(person: Any, address: str, code: str) -> None:
    """Open the page and type the code; the field has the focus."""
    person.goto(address)
    expect(person.get_by_label("Code")).to_be_focused()
    person.keyboard.type(f"{code[:4].lower()}-{code[4:]}")
    person.keyboard.press("Enter")


def press(person: Any, name: str) -> None:
    person.get_by_role("button", name=name).click()


def expect_heading(person: Any, text: str) -> None:
    expect(person.get_by_role("heading", level=1)).to_have_text(text)


def add(user: ApiClient, code: str) -> tuple[int, str]:
    answer = user.call("POST", "/v4/Organizations", json={"userCode": code, "newApplicationName": "Backup"})
    content = answer.json()
    return answer.status_code, content.get("name") or content["message"].partition(":")[0]


def test_a_person_approves_and_the_organization_is_added(user: ApiClient, person: Any) -> None:
    code, address = ask(user)
    enter(person, address, code)
    person.get_by_label("admin@contoso.onmicrosoft.com").check()
    press(person, "Next")
    assert add(user, code) == (400, "AADSTS70016")
    press(person, "Approve")
    expect_heading(person, "You approved the code")
    assert add(user, code) == (200, "contoso.onmicrosoft.com")
    assert "contoso.onmicrosoft.com" in user.call("GET", "/v4/Organizations").text


def test_a_person_types_an_account_with_the_keyboard_alone(user: ApiClient, person: Any) -> None:
    code, address = ask(user)
    enter(person, address, code)
    person.wait_for_url("**/account?*")
    for key in ("Tab", "ArrowUp", "Tab"):
        person.keyboard.press(key)
    person.keyboard.type("ada@fourthcoffee.onmicrosoft.com")
    person.keyboard.press("Enter")
    person.wait_for_url("**/decision?*")
    for key in ("Tab", "Tab", "Enter"):
        person.keyboard.press(key)
    person.wait_for_url("**/done?*")
    assert add(user, code) == (200, "fourthcoffee.onmicrosoft.com")


def test_a_person_declines_and_nothing_is_added(user: ApiClient, person: Any) -> None:
    code, address = ask(user)
    enter(person, address, code)
    press(person, "Next")
    press(person, "Decline")
    expect_heading(person, "You declined the code")
    assert add(user, code) == (400, "AADSTS65004")


def test_an_expired_a_used_and_an_unknown_code_are_refused_in_words(
    own_page: MockServer, user: ApiClient, person: Any
) -> None:
    used, address = ask(user)
    own_page.device_codes.approve(used)
    assert add(user, used)[0] == 200
    expired, _ = ask(user)
    own_page.clock.advance("15m")
    for code, said in ((used, "has been used"), (expired, "has expired"), ("NOSUCHCODE", "has not issued")):
        enter(person, address, code)
        expect(person.get_by_role("alert")).to_contain_text(said)
        expect(person.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
        expect(person.get_by_label("Code")).to_be_focused()


def test_a_code_that_expires_while_the_person_decides_is_refused(
    own_page: MockServer, user: ApiClient, person: Any
) -> None:
    code, address = ask(user)
    enter(person, address, code)
    press(person, "Next")
    own_page.clock.advance("15m")
    press(person, "Approve")
    expect(person.get_by_role("alert")).to_contain_text("has expired")
    assert add(user, code) == (400, "AADSTS70019")


def test_a_person_goes_back_and_reloads(user: ApiClient, person: Any) -> None:
    code, address = ask(user)
    enter(person, address, code)
    press(person, "Next")
    person.wait_for_url("**/decision?*")
    person.go_back()
    expect_heading(person, "Pick an account")
    person.reload()
    press(person, "Next")
    press(person, "Approve")
    person.wait_for_url("**/done?*")
    person.reload()
    expect_heading(person, "You approved the code")


def test_the_state_page_follows_the_state_and_its_buttons_change_it(
    own_page: MockServer, user: ApiClient, tab: Any
) -> None:
    own_page.clock.freeze()
    tab.goto(f"{own_page.url}/__admin/")
    codes = [ask(user)[0] for _ in range(3)]
    for code, button, state in zip(
        codes, ("Approve", "Deny", "Expire"), ("approved", "denied", "expired"), strict=True
    ):
        row = tab.locator(f"#code-{code}")
        row.get_by_role("button", name=button).click()
        row.get_by_text(state, exact=True).wait_for()
        assert own_page.device_codes.get(code)["state"] == state
    before = datetime.fromisoformat(own_page.clock.now())
    press(tab, "Advance by + 15 min")
    tab.get_by_text("The clock is 15 min ahead.").wait_for()
    assert datetime.fromisoformat(own_page.clock.now()) - before == timedelta(minutes=15)
    assert own_page.device_codes.get(codes[0])["state"] == "expired"
    press(tab, "Release")
    tab.get_by_role("button", name="Freeze").wait_for()
    press(tab, "Freeze")
    tab.get_by_text("frozen", exact=True).wait_for()
    assert tab.mistakes == []


def test_the_state_page_is_told_of_changes_and_asks_for_nothing_in_between(
    own_page: MockServer, user: ApiClient, tab: Any
) -> None:
    own_page.clock.freeze()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url.removeprefix(own_page.url)))
    tab.add_init_script("setInterval(() => document.documentElement.dataset.turns = performance.now() / 1000 | 0, 100)")
    tab.goto(f"{own_page.url}/__admin/")
    tab.locator("html[data-turns='4']").wait_for()
    fetched = [path for path in asked if "static" not in path and "icon" not in path]
    assert fetched == ["/__admin/", "/__admin/changes", "/__admin/"]
    code = ask(user)[0]
    tab.locator(f"#code-{code}").wait_for()
    own_page.faults.add(preset="throttled")
    tab.get_by_role("button", name="Remove throttled").wait_for()
    own_page.reset()
    tab.get_by_text("None has been asked for.").wait_for()
    assert asked.count("/__admin/changes") == 1
    assert tab.mistakes == []


def test_a_code_runs_out_before_the_eyes_of_a_person(own_page: MockServer, user: ApiClient, tab: Any) -> None:
    code = ask(user)[0]
    own_page.clock.advance("14m55s")
    tab.goto(f"{own_page.url}/__admin/")
    row = tab.locator(f"#code-{code}")
    for left in ("0:03", "0:02"):
        row.get_by_text(left).wait_for()
    row.get_by_text("expired", exact=True).wait_for()
    assert tab.mistakes == []


@pytest.mark.parametrize("world", ["", "/~blue"])
def test_where_no_stream_is_possible_the_state_page_asks_again(application: str, tab: Any, world: str) -> None:
    tab.goto(f"{application}{world}/__admin/")
    code = ask(ApiClient(application + world))[0]
    tab.locator(f"#code-{code}").wait_for()
    ApiClient(application + world).send("POST", f"/__admin/device-codes/{code}/deny")
    tab.locator(f"#code-{code}").get_by_text("denied", exact=True).wait_for()
    assert tab.mistakes == []


def test_the_state_page_comes_back_to_a_server_that_comes_back(own_page: MockServer, user: ApiClient, tab: Any) -> None:
    tab.goto(f"{own_page.url}/__admin/")
    own_page.restart_world()
    code = ask(user)[0]
    tab.locator(f"#code-{code}").wait_for()
    assert tab.mistakes == []


def test_the_state_page_adds_and_removes_faults(own_page: MockServer, user: ApiClient, tab: Any) -> None:
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_label("Add a fault").select_option("throttled")
    tab.get_by_label("How often").select_option("3 times")
    press(tab, "Add")
    tab.get_by_text("throttled is added.").wait_for()
    assert own_page.faults.list()[0]["fault"] == {"preset": "throttled", "times": 3}
    assert user.send("GET", "/v4/Organizations").status_code == 429
    tab.get_by_text("struck 1 of 3").wait_for()
    press(tab, "Remove throttled")
    tab.get_by_text("None: every answer is a good one.").wait_for()
    assert own_page.faults.list() == []
    assert tab.mistakes == []


def test_the_state_page_shows_each_exchange_of_the_live_journal(
    own_page: MockServer, user: ApiClient, tab: Any
) -> None:
    tab.goto(f"{own_page.url}/__admin/")
    ask(user)
    tab.get_by_role("link", name="POST /v4/DeviceCode").click()
    dialog = tab.get_by_role("dialog")
    expect(dialog).to_contain_text("targetRegion")
    expect(dialog).to_contain_text("verificationUrl")
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="hidden")
    assert tab.mistakes == []


def test_any_kind_of_fault_is_added_with_its_operation_and_count(
    own_page: MockServer, user: ApiClient, tab: Any
) -> None:
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_label("Add a fault").select_option("kind status")
    tab.get_by_label("Parameters, as JSON").fill('{"status": 418')
    tab.get_by_label("Which operation").select_option("getDeviceCode")
    tab.get_by_label("How often").select_option("2")
    press(tab, "Add")
    tab.get_by_text("The parameters are not JSON.").wait_for()
    tab.get_by_label("Parameters, as JSON").fill('{"status": 418}')
    press(tab, "Add")
    tab.get_by_text("getDeviceCode, struck 0 of 2").wait_for()
    assert user.device_code().status_code == 418
    tab.get_by_text("getDeviceCode, struck 1 of 2").wait_for()
    assert tab.mistakes == []


def test_a_code_is_approved_by_the_account_that_is_picked(own_page: MockServer, user: ApiClient, tab: Any) -> None:
    code = ask(user)[0]
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_label(f"Account that signs in with {code}").select_option("admin@northwind.partner.onmschina.cn")
    press(tab, f"Approve {code}")
    tab.get_by_text(f"{code} is approved.").wait_for()
    assert own_page.device_codes.newest.account == "admin@northwind.partner.onmschina.cn"


def test_the_journal_is_searched_and_stays_so(own_page: MockServer, user: ApiClient, tab: Any) -> None:
    ask(user)
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_label("Search the journal").fill("post token")
    expect(tab.locator("#found")).to_have_text("1 of 2")
    ask(user)
    expect(tab.locator("#found")).to_have_text("1 of 3")
    expect(tab.get_by_role("link", name="POST /v4/DeviceCode")).to_have_count(0)
    expect(tab.get_by_role("link", name="POST /v4/Token")).to_be_visible()


def test_a_world_is_reset_once_the_person_is_sure(own_page: MockServer, user: ApiClient, tab: Any) -> None:
    ask(user)
    tab.goto(f"{own_page.url}/__admin/")
    tab.once("dialog", lambda dialog: dialog.dismiss())
    press(tab, "Reset this world")
    assert len(own_page.device_codes.list()) == 1
    tab.once("dialog", lambda dialog: dialog.accept())
    press(tab, "Reset this world")
    tab.get_by_text("The default world starts anew.").wait_for()
    assert own_page.device_codes.list() == []


def test_an_exchange_is_copied_as_an_assertion(own_page: MockServer, user: ApiClient, chromium: Any) -> None:
    ask(user)
    context = chromium.new_context(ignore_https_errors=True, permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.goto(f"{own_page.url}/__admin/exchanges/{own_page.requests.list()[-1].id}")
    press(tab, "Copy the assertion")
    tab.get_by_text("Copied.").wait_for()
    copied = tab.evaluate("navigator.clipboard.readText()")
    context.close()
    assert copied.startswith("veeam.requests.verify(operation='getDeviceCode', status=200")


def test_many_worlds_fold_into_a_list_that_stays_open(own_page: MockServer, tab: Any) -> None:
    for number in range(30):
        ApiClient(f"{own_page.url}/~night-{number}", own_page.ca_cert or True).log_in()
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_text("of 31 worlds").click()
    ApiClient(f"{own_page.url}/~last", own_page.ca_cert or True).log_in()
    tab.get_by_text("of 32 worlds").wait_for()
    tab.get_by_role("link", name="last", exact=True).click()
    tab.wait_for_url("**/~last/__admin/")


def test_the_front_page_leads_to_all_pages(own_page: MockServer, tab: Any) -> None:
    for name, path in (("State", "/__admin/"), ("Swagger UI", "/swagger/"), ("Sign-in page", "/devicelogin")):
        tab.goto(own_page.url)
        tab.get_by_role("main").get_by_role("link", name=name).click()
        tab.wait_for_url(f"**{path}")
    assert tab.mistakes == []


def test_what_a_person_has_begun_is_left_alone_by_the_refreshing(
    own_page: MockServer, user: ApiClient, tab: Any
) -> None:
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_label("Add a fault").select_option("gateway-timeout")
    tab.get_by_label("Add a fault").focus()
    code = ask(user)[0]
    tab.locator(f"#code-{code}").wait_for()
    expect(tab.get_by_label("Add a fault")).to_have_value("preset gateway-timeout")
    expect(tab.get_by_label("Add a fault")).to_be_focused()


def test_the_state_page_leads_from_world_to_world(own_page: MockServer, tab: Any) -> None:
    blue = ApiClient(f"{own_page.url}/~blue", own_page.ca_cert or True)
    code, _ = ask(blue)
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_role("link", name="blue").click()
    tab.locator(f"#code-{code}").get_by_role("button", name="Approve").click()
    tab.get_by_text(f"{code} is approved.").wait_for()
    assert add(blue, code)[0] == 200


def test_the_state_page_asks_for_the_key_that_is_demanded(serve: Callable[..., MockServer], tab: Any) -> None:
    server = serve(admin_key=KEY)
    code, _ = ask(ApiClient(server.url))
    tab.goto(f"{server.url}/__admin/")
    for key in ("wrong", KEY):
        tab.get_by_label("Admin key").fill(key)
        press(tab, "Open")
        if key != KEY:
            tab.get_by_text("That key is wrong.").wait_for()
    tab.locator(f"#code-{code}").get_by_role("button", name="Deny").click()
    tab.get_by_text(f"{code} is denied.").wait_for()
    tab.reload()
    tab.locator(f"#code-{code}").wait_for()
    expect(tab.get_by_label("Admin key")).to_be_hidden()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "overtaken"])
def test_an_answer_asked_for_without_the_key_does_not_undo_the_key(
    serve: Callable[..., MockServer], tab: Any, order: tuple[int, int]
) -> None:
    server = serve(admin_key=KEY)
    code, _ = ask(ApiClient(server.url))
    tab.add_init_script(HOLD_WHAT_IS_FETCHED)
    tab.goto(f"{server.url}/__admin/")
    tab.locator("html[data-held='1']").wait_for()
    tab.get_by_label("Admin key").fill(KEY)
    press(tab, "Open")
    tab.locator("html[data-held='2']").wait_for()
    for which in order:
        with tab.expect_event("requestfinished"):
            tab.evaluate("which => held[which].release()", which)
    tab.locator("html[data-held='3']").wait_for()  # the page goes on: all before has been shown
    assert tab.evaluate("held.map(asked => asked.key)") == [None, KEY, KEY]
    expect(tab.locator(f"#code-{code}")).to_be_visible()
    expect(tab.get_by_label("Admin key")).to_be_hidden()
    expect(tab.locator("#said")).to_be_empty()


def sign_in_pages(tab: Any, own_page: MockServer, user: ApiClient) -> Iterator[str]:
    """Go through every page of the sign-in, and name each when it is shown."""
    code, address = ask(user)
    tab.goto(address)
    yield "code"
    enter(tab, address, "nonsense")
    tab.get_by_role("alert").wait_for()
    yield "unknown"
    enter(tab, address, code)
    tab.wait_for_url("**/account?*")
    yield "account"
    tab.get_by_label("Another account").check()
    press(tab, "Next")
    tab.get_by_role("alert").wait_for()
    yield "account-error"
    tab.get_by_label("admin@contoso.onmicrosoft.com").check()
    press(tab, "Next")
    tab.wait_for_url("**/decision?*")
    yield "decision"
    press(tab, "Approve")
    tab.wait_for_url("**/done?*")
    yield "approved"
    tab.goto(f"{address}/account?user_code={code}")
    yield "problem"


def state_pages(tab: Any, own_page: MockServer, user: ApiClient) -> Iterator[str]:
    """The state page with something of everything, and an exchange on it and by itself."""
    own_page.faults.add(preset="throttled", times=1)
    user.send("GET", "/v4/Organizations")
    codes = [ask(user)[0] for _ in range(5)]
    own_page.device_codes.approve(codes[0], "admin@contoso.onmicrosoft.com")
    add(user, codes[0])
    own_page.device_codes.approve(codes[1], "admin@fabrikam.onmicrosoft.com")
    own_page.device_codes.deny(codes[2])
    own_page.device_codes.expire(codes[3])
    own_page.faults.add(preset="azure-unreachable")
    ApiClient(f"{own_page.url}/~nightly", own_page.ca_cert or True).log_in()
    tab.goto(f"{own_page.url}/__admin/")
    tab.get_by_text("azure-unreachable", exact=True).first.wait_for()
    yield "state"
    tab.get_by_role("link", name="POST /v4/Organizations").first.click()
    tab.get_by_role("dialog").wait_for()
    yield "exchange"
    tab.goto(f"{own_page.url}/__admin/exchanges/{own_page.requests.list()[-1]['id']}")
    yield "exchange-alone"
    tab.goto(f"{own_page.url}/")
    yield "front"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", ["desktop", "phone"])
@pytest.mark.parametrize("pages", [sign_in_pages, state_pages], ids=["sign-in", "state"])
def test_axe_finds_nothing_serious(
    chromium: Any, own_page: MockServer, user: ApiClient, scheme: str, screen: str, pages: Callable[..., Iterator[str]]
) -> None:
    source = axe_source()
    size = {"width": 1180, "height": 800} if screen == "desktop" else {"width": 390, "height": 800}
    # axe-core is put into the page from outside, which the policy of the pages would not let in.
    context = chromium.new_context(ignore_https_errors=True, color_scheme=scheme, viewport=size, bypass_csp=True)
    context.set_default_timeout(TIMEOUT)
    tab = context.new_page()
    problems = {name: accessibility_problems(tab, source) for name in pages(tab, own_page, user)}
    too_wide = tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    context.close()
    assert problems == {name: [] for name in problems}
    assert not too_wide


def test_axe_finds_a_field_without_a_label(tab: Any) -> None:
    """The check can fail."""
    source = axe_source()
    tab.set_content("<html lang=en><title>t</title><main><input></main></html>")
    assert [problem.split()[0] for problem in accessibility_problems(tab, source)] == ["label"]


def test_swagger_ui_logs_in_by_password_and_tries_an_operation_out(own_page: MockServer, tab: Any) -> None:
    tab.goto(f"{own_page.url}/swagger/")
    press(tab, "Authorize")
    dialog = tab.locator(".modal-ux")
    dialog.locator("#oauth_username").fill("administrator")
    dialog.locator("#oauth_password").fill("veeam")
    dialog.locator("button.authorize").first.click()
    dialog.get_by_text("Logout").first.wait_for()
    dialog.locator("button.btn-done").first.click()
    operation = tab.locator(".opblock-post", has_text="/v8/DeviceCode").first
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    assert own_page.device_codes.newest.state == "pending"
