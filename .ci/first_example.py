"""The first example for pytest in the Markdown on standard input, as a user would paste it."""

import re
import sys

examples = re.findall(r"^```python\n(.*?)^```$", sys.stdin.read(), re.MULTILINE | re.DOTALL)
sys.stdout.write(next(example for example in examples if "def test_" in example))
