"""What goes wrong on demand: the kinds of faults, the rules that plan them, and how they are written.

It imports messages, the model, the description and the journal's patterns."""
