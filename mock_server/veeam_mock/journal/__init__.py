"""What was asked and answered: kept without secrets, searched by patterns, written as lines; and word of changes.

It imports messages, the model and the description."""
