"""The API's description, compiled: which operation a request means, what is wrong with it, and how a refusal looks.

It imports messages and the model; it holds no state."""
