"""All that can be set, its limits, and where it is read: options, environment, config file.

It imports the rooms above the API; a setting is data, and nothing here acts on it."""
