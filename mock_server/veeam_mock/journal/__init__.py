"""What was asked and answered: kept without secrets, searched by patterns, and written as lines.

It imports messages, the model and the description."""
