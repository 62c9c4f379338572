"""`python -m mock_server` is `veeam-mock`."""

from veeam_mock.command.cli import main

main()
