"""How a server answers, learned and compared: a script of harmless questions, the form of each answer, a profile.
Imports what asks, the description and the rules' questions; the command alone imports this."""
