"""From a request to its reply: the worlds, the operations, and the steps of the pipeline.

It imports everything that a reply depends on, and knows no Flask, no sockets and no `responses`."""
