"""Planted defects of what a person or a client follows: messages, addresses, names and links that mislead."""

from typing import Any

from mutants.defects import code_defect, with_url
from mutants.defects_of_content import add_to_message
from mutants.defects_of_wire import enter, on
from mutants.harness import Answer, Ask, Server

# Messages, addresses and names that mislead.

for name, more in {
    "a bare address in the message": " Or open devicelogin.example/now.",
    "a script in the message": " javascript:alert(1)",
    "an object in the message": " Dear [object Object].",
    "a placeholder of printf in the message": " Dear %1$s.",
    "an entity in the message": " &quot;Hurry&quot;",
    "a filler in the message": "\u3164",
    "a tag of Unicode in the message": "\U000e0041",
    "an isolate that turns around in the message": "\u2067",
    "a placeholder with a space in the message": " Dear { name }.",
}.items():
    add_to_message(name, more)


def address(name: str, url: str, *rules: str) -> None:
    """Enter codes with this address, in the message too."""

    def change(server: Server, answer: Answer) -> Answer:
        return with_url(answer, url)

    change.__name__ = name.replace(" ", "_")
    code_defect(*(rules or ("code.url",)))(change)


address("the page of the cloud of the US government", "https://microsoft.com/deviceloginus", "code.url-region")
address("the page of the cloud in China", "https://microsoft.com/deviceloginchina", "code.url-region")
address("a host of the cloud in China", "https://login.partner.microsoftonline.cn/devicelogin", "code.url-region")
address("an address that names another in its query", "https://microsoft.com/devicelogin?next=https://evil.example/")
address("an address with a name in other letters", "https://m\u0456crosoft.com/devicelogin")
address("an address with a backslash", "https://evil.example\\.microsoft.com/devicelogin")
address("a page of Microsoft's where anybody writes", "https://answers.microsoft.com/devicelogin")
address("a short address of somebody", "https://aka.ms/veeamlogin")
address("a page of Microsoft's for something else", "https://www.microsoft.com/download")


def of_names(name: str, more: str) -> None:
    """Enter a list whose first organization has this at the end of its name, in the single view too."""

    def behave(server: Server, ask: Ask) -> Answer:
        answer = server.answer(ask)
        if ask.method != "GET" or answer.status != 200 or b"tailspintoys.onmicrosoft.com" not in answer.body:
            return answer
        return answer.with_json(_with_name(answer.json, more))

    enter(name, "organizations", "organizations.names", behave)


def _with_name(value: Any, more: str) -> Any:
    if isinstance(value, list):
        return [_with_name(item, more) for item in value]
    named = str(value.get("name", "")).startswith("tailspintoys")
    return {**value, "name": value["name"] + more} if named else value


of_names("an organization with markup in its name", "<script>alert(1)</script>")
of_names("an organization with a mark that turns its name around", "\u202egro.live")
of_names("an organization with an escape sequence in its name", "\x1b[31m")
of_names("an organization with a zero width space in its name", "\u200b")
of_names("an organization with a name of 5000 characters", "x" * 5000)


# Links that lead elsewhere.


def linked(name: str, old: bytes, new: bytes) -> None:
    enter(name, "organizations", "organizations.links",
          on("getOrganizations", lambda s, a: a.with_body(a.body.replace(old, new))))  # fmt: skip


linked("links lead to another host", b"https://faulty.test:4443/", b"https://10-0-0-5.example:4443/")
linked("links lead to the loopback of the server", b"https://faulty.test:4443/", b"https://localhost:4443/")
linked("links lead away from TLS", b"https://faulty.test", b"http://faulty.test")
linked("links lead to a script", b"https://faulty.test:4443/v4", b"javascript://faulty.test:4443/v4")
linked("links lead to another organization", b"/v4/Organizations/00000000-0000-4000-8000-000000000001",
       b"/v4/Organizations/00000000-0000-4000-8000-000000000002")  # fmt: skip
