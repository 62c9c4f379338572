"""What is wrong with a setting or a call of the control API, in words, where JSON Schema speaks of its own keywords."""

import re
from collections.abc import Mapping

from veeam_mock.model import durations
from veeam_mock.spec.schema import Violation

FORMS: Mapping[str, str] = {
    **dict.fromkeys(
        ("code_lifetime", "token_lifetime", "refresh_lifetime", "request_timeout", "auto_approve", "advance", "over"),
        durations.FORM,
    ),
    **dict.fromkeys(("account", "accounts"), "an account such as admin@contoso.onmicrosoft.com"),
    "admin_key": "a key of visible ASCII characters without blanks",
    "body": "keyed by JSON Pointers such as /targetRegion",
    "cors": "an origin such as https://app.example, null or *",
    "delay": f"{durations.FORM}, or a pair of them",
    "header": "keyed by names of header fields",
    "headers": "keyed by names of header fields, without those that frame an answer",
    "host": "a host name, or an address such as 127.0.0.1",
    "operation": "the name of an operation, or a list of them",
    "path": "a path such as /v4/Organizations/*, without a query, seen from within its world",
    "until": f"{durations.FORM}, nor a date-time such as 2030-01-01T00:00:00Z",
    "header.X-Mock-World": "the name of a world: 1 to 64 letters, digits, dots, dashes and underscores",
}
"""What a value of this key is, as it follows 'is not'."""

FIELD_VALUE = "the value of a header field: visible characters, no blanks at its ends"
JARGON = re.compile(r"(does not match \^|has none of the allowed forms$|breaks propertyNames$).*", re.DOTALL)


def in_words(problem: Violation) -> Violation:
    """`problem`, said with what is wanted at its place in plain words."""
    if problem.keyword == "minProperties":
        return Violation(problem.where, "is empty, at least one key is needed", problem.keyword)
    if problem.keyword == "maxProperties":
        return Violation(problem.where, "has more keys than one, which are taken one at a time", problem.keyword)
    *above, key = ["", *(step for step in problem.where.split(".") if not step.isdigit())]
    is_field = above[-1] in ("header", "headers")
    form = FORMS.get(f"{above[-1]}.{key}") or (FIELD_VALUE if is_field else FORMS.get(key))
    if form is None:
        return problem
    return Violation(problem.where, JARGON.sub(lambda _: f"is not {form}", problem.message), problem.keyword)
