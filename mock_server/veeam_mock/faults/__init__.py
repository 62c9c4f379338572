"""Failure on demand: what can go wrong (`kinds`), when it does (`rules`), how it is asked for (`parsing`, `prefer`)."""
