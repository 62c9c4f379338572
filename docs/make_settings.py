"""Write docs/settings.md, and the JSON Schemas of the config file and of profiles, from what the mock reads them by.

`python docs/make_settings.py`
"""

from pathlib import Path
from typing import Any

import orjson
import yaml

from veeam_mock.control.operations import CHANGEABLE
from veeam_mock.model.durations import format_duration
from veeam_mock.profiles.schema import profile_schema
from veeam_mock.settings.config_schema import config_schema
from veeam_mock.settings.options import OPTIONS, Option
from veeam_mock.settings.settings import RANGES
from veeam_mock.spec.document import bundled_path, load_document

TARGET = Path(__file__).with_name("settings.md")
SCHEMAS = {
    Path(__file__).with_name("veeam-mock.schema.json"): config_schema(),
    Path(__file__).with_name("veeam-mock-profile.schema.json"): profile_schema(),
}

PAGE = """\
# Settings

<!-- Made by docs/make_settings.py from the table of options and openapi.yaml; a test fails when it is stale. -->

Every setting has one name everywhere: `code_lifetime` is the key of the config file (`--config FILE`, YAML, `_` or
`-`), `VEEAM_MOCK_CODE_LIFETIME` in the environment, `--code-lifetime` on the command line, and `code_lifetime=` of
`MockServer`, `InterceptedServer`, `Settings` and the marker `@pytest.mark.veeam`. The command line takes
precedence over the environment, and that over the file. Lists and maps in the environment are written as YAML; an empty
variable counts as unset. `VEEAM_MOCK_URL`, `VEEAM_MOCK_TOKEN` and the like, which clients use, are not taken for
settings. All mistakes are told at once, each with its key, where its value came from, and what was probably meant.

Durations are `250ms`, `30s`, `15m`, `1.5h`, `1h30m`, `14d`, or `PT15M` as in ISO 8601; a bare number means seconds.

`veeam-mock check-config veeam.yaml` checks a file. Editors complete and check it by a JSON Schema,
[veeam-mock.schema.json](veeam-mock.schema.json), which `veeam-mock check-config --schema` prints; with the YAML
extension of VS Code the first line of a file names it: `# yaml-language-server: $schema=veeam-mock.schema.json`.

SIGHUP, and `POST /__admin/reload`, read the file again: all worlds start anew with its settings. Where it does not fit,
nothing changes, and the answer, or standard error, says why. `host`, `port`, `port_file`, `name`, `http`,
`cert`, `key`, `request_timeout`, `log`, `log_format` and `quiet` take a new start of the server.

| key | option | default | |
|---|---|---|---|
{options}

These may change while the server runs, by `PATCH /__admin/settings` or `veeam.change_settings(...)`; what has been
issued keeps its end: {changeable}.

## Defaults of the lists

```yaml
{lists}
```

## Names of the server

The certificate that the mock makes is for `localhost`, `127.0.0.1` and `::1`, for `host`, for each `name`, and, with
`--host 0.0.0.0` or `::`, for the name of the machine. With other names than the first three it lies, with its CA file,
in a folder of its own; the banner says where.

```console
$ veeam-mock --host 0.0.0.0 --name veeam.example --name 192.0.2.7
```

Under these names the pages and the control API are served as well, also on loopback. `--allow-host` does that alone; so
does `--name` beside `--http` or `--cert`, where no certificate is made.

## Ambiguities

Where the sources disagree, `ambiguities` picks a reading. The first one is the default. Sources and details stand in
[`openapi.yaml`](../openapi.yaml) under `x-ambiguities`.

| id | question | readings |
|---|---|---|
{ambiguities}

## Limits of requests

Heads of more than 64 kB (431), bodies of more than 1 MB (413), requests that are not complete in 10 s (408): refused,
in the error shape of the API. An upgrade, to WebSocket say, is ignored and the request answered as any other (RFC 9110
section 7.8).
"""


def render() -> str:
    """The page."""
    questions = load_document(bundled_path())["x-ambiguities"]
    lists = {option.key: _plain(option.default) for option in OPTIONS if _is_long(option)}
    return PAGE.format(
        changeable=", ".join(f"`{key}`" for key in CHANGEABLE),
        options="\n".join(map(_row, OPTIONS)),
        lists=yaml.safe_dump(lists, sort_keys=False).strip(),
        ambiguities="\n".join(
            f"| `{key}` | {entry['question']} | {', '.join(f'`{name}`' for name in entry['readings'])} |"
            for key, entry in questions.items()
        ),
    )


def _row(option: Option) -> str:
    name = f"--{option.key.replace('_', '-')}"
    shown = f"`{f'{name} {option.metavar}' if option.metavar else name}`" if option.command else ""
    limits = " From {} to {}.".format(*RANGES[option.key]) if option.key in RANGES else ""
    cells = (f"`{option.key}`", shown, _default(option), f"{option.help}{limits}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(option: Option) -> str:
    if _is_long(option):
        return "[below](#defaults-of-the-lists)"
    if option.default in (None, (), False) or option.default == {}:
        return ""
    return f"`{format_duration(option.default) if option.is_duration else option.default}`"


def _is_long(option: Option) -> bool:
    return isinstance(option.default, tuple) and bool(option.default)


def _plain(value: Any) -> Any:
    """`value` as YAML writes it."""
    return [dict(entry) if isinstance(entry, dict) else entry for entry in value]


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    for file, schema in SCHEMAS.items():
        file.write_bytes(orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
