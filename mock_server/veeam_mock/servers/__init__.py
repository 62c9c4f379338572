"""Servers for programs and tests: live in a thread, or in place of the network for `requests`.

It imports the door and the rooms above."""
