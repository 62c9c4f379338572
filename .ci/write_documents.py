"""Write the OpenAPI document of each version to a folder, as `v4.json` to `v8.json`."""

import json
import sys
from pathlib import Path

from veeam_mock.spec.document import VERSIONS, document_of

for version in VERSIONS:
    Path(sys.argv[1], f"{version}.json").write_text(json.dumps(document_of(version), indent=2), "utf-8")
