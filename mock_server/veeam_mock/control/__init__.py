"""The control API under `/__admin`: who may call, what its operations do, and its client in Python.

It imports the API's rooms; its description is `control.yaml`."""
