"""What may be shown of foreign text: the names, forms and spellings of secrets, and what no terminal may obey.

What tells a secret or a command in a text by its look alone may enter; it imports nothing of the other rooms."""
