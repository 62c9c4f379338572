"""What the server knows and how it changes: time, randomness, stores, tokens, organizations, device codes.

It imports nothing of HTTP and nothing from the other rooms, and raises the named errors of `errors`."""
