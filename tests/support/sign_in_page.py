"""A person at the sign-in page without a browser: sends the forms of the page as they stand in it."""

from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.action = given["action"]
        if tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.fields[given["name"]] = given.get("value", "")


class SignInPage:
    """The page, and what was last shown of it. `prefix` is the path of a world."""

    def __init__(self, client: FlaskClient, prefix: str = "", **options: Any) -> None:
        self.client = client
        self.options = options
        self.shown = client.get(f"{prefix}/devicelogin", **options)

    @property
    def text(self) -> str:
        return self.shown.get_data(as_text=True)

    def form(self) -> _Fields:
        parsed = _Fields()
        parsed.feed(self.text)
        return parsed

    def send(self, **changes: str) -> TestResponse:
        """Send the form that is shown, with `changes` to its fields."""
        form = self.form()
        self.shown = self.client.post(
            form.action, data={**form.fields, **changes}, follow_redirects=True, **self.options
        )
        return self.shown

    def sign_in(self, code: str, decision: str, account: str | None = None) -> TestResponse:
        """All three steps; without an account the one that is picked."""
        self.send(user_code=code)
        self.send(**({} if account is None else {"account": "other", "other_account": account}))
        return self.send(decision=decision)
