"""`python -m mock_server` is `veeam-mock`."""

from veeam_mock.cli import main

main()
