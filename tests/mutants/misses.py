"""What no run against a live server sees, with the reason: it stands in the docs beside what is found."""

MISSES: tuple[tuple[str, str], ...] = (
    (
        "a password counts in any case, or by its beginning, where that is longer than the one wrong try shows",
        "one wrong password is sent, the right one with more behind it: each more may lock the account",
    ),
    (
        "a wrong user name is refused in other words, or faster, than a wrong password",
        "logins with a made-up name count as failed ones, and times tell nothing over a network",
    ),
    (
        "an SQL statement in a user name logs in",
        "it would be one more login that is refused",
    ),
    (
        "a login by GET works",
        "it would write the password into the logs of everything on the way",
    ),
    (
        "a refresh token works cut short, in another case, or with more behind it; an access token refreshes",
        "at most eight requests for tokens are refused: of the bent ones, one with another character is sent;"
        " the bundled mock is sent all",
    ),
    (
        "an expired token, or an expired code, is good for ever",
        "nobody holds the clock of a live server; the bundled mock is tried",
    ),
    (
        "a code can be spent twice, or unapproved, or for another region",
        "that adds organizations, and nothing is written to a live server; the bundled mock is tried",
    ),
    (
        "a code for one of the other clouds names the wrong page",
        "a live server is asked for codes of one region alone: some clouds are closed",
    ),
    (
        "the same tokens and codes come again after a restart, or on another day",
        "one run sees one day",
    ),
    (
        "tokens or codes are the hash of a number that counts up, or come from a generator with a small seed",
        "they look like random ones; who knows how they are made can test it",
    ),
    (
        "a second code of letters alone or of digits alone stands in a message",
        "words in capital letters and dates look the same",
    ),
    (
        "one call in a thousand fails, hangs, or repeats a code",
        "300 requests are sent and 60 codes asked for, at the most; `--thorough` asks for more",
    ),
    (
        "more bytes come behind an answer, which the next one on the connection begins with",
        "a client that finds a kept connection spoiled opens another one, as it must when a server closes one",
    ),
    (
        "several `Authorization` fields, or a field that is folded over two lines, get somebody in",
        "the client of the contracts sends one field, in one line",
    ),
    (
        "what is written into the server's own logs: passwords, tokens, line breaks of a caller",
        "nobody outside sees them",
    ),
)
"""The defect, and why a run does not see it."""
