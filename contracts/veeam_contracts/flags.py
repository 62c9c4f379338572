"""The options `--veeam-…` of the pytest plugin."""

OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("--veeam-target", "URL", "check this server; without it the bundled mock is started"),
    ("--veeam-username", "NAME", "user who logs in (or VEEAM_USERNAME)"),
    ("--veeam-password", "TEXT", "password (better: VEEAM_PASSWORD)"),
    ("--veeam-token", "TEXT", "access token instead of a login (better: VEEAM_TOKEN)"),
    ("--veeam-ca-cert", "FILE", "CA that signed the server's certificate"),
    ("--veeam-proxy", "URL", "proxy to go through"),
    ("--veeam-timeout", "SECONDS", "time limit for one answer"),
    ("--veeam-rate", "N", "requests a second"),
    ("--veeam-budget", "N", "requests in all"),
    ("--veeam-organization-id", "ID", "organization to ask codes for"),
    ("--veeam-region", "NAME", "region to ask codes for"),
    ("--veeam-json", "FILE", "write the JSON report"),
    ("--veeam-junit", "FILE", "write a JUnit report, one case a rule"),
    ("--veeam-html", "FILE", "write the HTML report"),
    ("--veeam-markdown", "FILE", "write the Markdown report"),
    ("--veeam-baseline", "FILE", "known deviations, each with its reason"),
    ("--veeam-seed", "N", "seed of what is generated"),
)
FLAGS = (
    ("--veeam-insecure", "do not check the certificate"),
    ("--veeam-thorough", "lift the caps on number and pace of requests"),
    ("--veeam-yes", "confirm --veeam-thorough for a server that is not this machine"),
)
