"""`veeam-mock faults`: the kinds and presets, with an example each."""

import orjson

from veeam_mock.faults.kinds import TYPES
from veeam_mock.faults.presets import PRESETS


def catalogue() -> str:
    """The text that the command prints."""
    lines = ["Kinds", ""]
    for fault in TYPES:
        lines += [f"  {fault.kind:16}{fault.summary}"]
        optional = [name for name in fault.parameters if name not in fault.required]
        named = [*fault.required, *(f"[{name}]" for name in optional)]
        lines += [f"{'':18}parameters: {' '.join(named)}"] if named else []
        lines += [f"{'':18}{orjson.dumps(dict(fault.example)).decode()}"]
    lines += ["", "Presets", ""]
    for preset in PRESETS.values():
        lines += [f"  {preset.name:22}{preset.summary}", f'{"":24}{{"preset":"{preset.name}","times":1}}']
    lines += [
        "",
        "Conditions of every fault: match {operation method path header query body}, times, after, probability, until.",
        'Ask for one by POST /__admin/faults, by "faults:" in the config file, or by the request header',
        "Prefer: code=503 | fault=KIND-OR-PRESET | delay=2s, each with ; operation=getDeviceCode to spare other calls.",
    ]
    return "\n".join(lines)
