"""Flask blueprints: everything that a person or a test looks at beside the API."""
