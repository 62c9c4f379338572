"""What a call of the control API can fail with, beside the errors of the model."""


class ControlError(Exception):
    """A call that cannot be carried out, with the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
