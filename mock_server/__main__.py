"""`python -m mock_server` is `veeam-mock`."""

from mock_server.cli import main

main()
