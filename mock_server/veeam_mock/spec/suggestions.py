"""What somebody may have meant who wrote a name that is not known."""

from collections.abc import Iterable

LONGEST = 60
"""Characters of a name that is looked at; what is longer is no mistyped name."""


def suggestion(name: object, known: Iterable[object]) -> str:
    """`; did you mean NAME?` with the known name that is nearest to `name`; empty where none is near."""
    if not isinstance(name, str) or len(name) > LONGEST:
        return ""
    from difflib import get_close_matches

    by_spelling = {str(each).lower(): str(each) for each in known}
    nearest = get_close_matches(name.lower(), by_spelling, n=1, cutoff=0.7)
    return f"; did you mean {by_spelling[nearest[0]]}?" if nearest else ""
