"""What a person looks at beside the API: sign-in, state and documentation, as Flask blueprints and their application.

It imports the rooms of the API and of its control; no other room imports Flask."""
