"""The command `veeam-mock`: its options, its banner and its subcommands.

It imports whatever it starts."""
