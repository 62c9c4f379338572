"""The rules, each tried by the tests that are marked with its id, with the fixtures that they share.

It imports all of the rooms; pytest collects it."""
