"""A run under pytest: the plugin, the hooks that turn findings into a verdict, an interruption.

It imports all but the rules."""
