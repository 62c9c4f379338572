"""A contract suite for any server that gives Veeam device codes: the bundled mock, or a live one."""
