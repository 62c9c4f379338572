"""The HTTPS door: it listens, reads requests from connections, and delivers replies as they say.

It alone can break a connection. It imports the rooms above, and decides nothing about answers."""
