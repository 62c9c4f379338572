"""What is held against a server: the catalogue of rules, findings, the verdict, known deviations.

It imports what was asked."""
