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
        "an empty user name, or an empty password, logs in",
        "a live server is sent no odd logins, each of which may count as a failed one; the bundled mock is tried",
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
        "a code can be spent twice, or unapproved, or for another region; how an organization is added and removed",
        "that adds organizations, and nothing is written to a live server; the bundled mock is tried",
    ),
    (
        "a code for one of the other clouds names the wrong page",
        "a live server is asked for codes of one region alone: some clouds are closed",
    ),
    (
        "what the code for a restore is like",
        "no restore session of a live server is known; that of one that does not exist is asked for",
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
        "the bare name of a host, an address for mail, or a number to call stands in a message",
        "the name of a tenant looks the same, and a help desk has all three; what has a scheme or a path is found",
    ),
    (
        "a token opens without its scheme, or under another word than `Bearer` and `Basic`",
        "whoever sends it has a good token; some servers read it so on purpose",
    ),
    (
        "more words than `null`, `undefined`, `%` and `*` open: `None`, `true`, `0`, `[]`, an SQL statement",
        "each is one more request, and there are as many as there are languages",
    ),
    (
        "an operation of another version is open",
        "one version is checked at a time; `--api all` checks each that is served",
    ),
    (
        "other spellings in small letters, a query, or OPTIONS open what a token protects",
        "a dozen other spellings are tried, each for one request",
    ),
    (
        "a host of the own network is named without its domain, as in SRV-VBO01:9191",
        "so are terms, versions and lines of files",
    ),
    (
        "a cookie of a load balancer encodes the address of a server behind it",
        "F5 does so by default, and what can be read from it is known to whoever can read the cookie",
    ),
    (
        "a code, or a refresh token, stands in a header field of its answer as well",
        "no source forbids it: whoever sees the header sees the body, but for logs, which nobody outside sees",
    ),
    (
        "lines of a head end with a bare line feed, are folded, or are no fields",
        "readers mend the first two (RFC 9112 sections 2.2 and 5.2); what is lost by the third is found if needed",
    ),
    (
        "a kept connection is reset under every fortieth request",
        "a server may close one at any time (RFC 9112 section 9.5); the report counts how often one was tried again",
    ),
    (
        "a user agent, a media type that is accepted, or a language decides whether a server fails",
        "three clients stand for all; a server that knows others is not asked as they do",
    ),
    (
        "half of a surrogate pair, or a number beyond every range, in JSON",
        "its grammar has both (RFC 8259 sections 6 and 8.2)",
    ),
    (
        "a refusal holds markup",
        "no source forbids it, and who shows it has to escape it as any other text; pages are found",
    ),
    (
        "answers of a connection come one late after a refusal",
        "it is found, but under many names: each rule sees the answer to another question",
    ),
    (
        "what is written into the server's own logs: passwords, tokens, line breaks of a caller",
        "nobody outside sees them",
    ),
)
"""The defect, and why a run does not see it."""
