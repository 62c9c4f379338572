"""`python -m contracts` is `veeam-contracts`."""

from veeam_contracts.cli import main

main()
