"""How a server is asked: its address, a login, the limits, what was sent and what came back.

It judges nothing, and imports nothing from the other rooms."""
