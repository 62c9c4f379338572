"""What the server knows and does, without HTTP: time, stored things, tokens, organizations, device codes."""
