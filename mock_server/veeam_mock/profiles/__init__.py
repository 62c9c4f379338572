"""Profiles: how a server was learned to answer, and answers that are given so. Imports messages, the model, the
description and the settings."""
