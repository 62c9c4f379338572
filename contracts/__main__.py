"""`python -m contracts` is `veeam-contracts`."""

from contracts.cli import main

main()
