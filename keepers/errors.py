"""The one shape of a refusal: which value, why, and what to do about it."""


class KeeperError(ValueError):
    """Base of everything that the rooms refuse.

    Args:
        value: The refused value, as a person would name it.
        reason: Reason for the refusal, in a few words.
        remedy: Change that would remove the reason.
    """

    EXIT_CODE = 1
    """Exit code of a command that ends by it."""

    def __init__(self, value: object, reason: str, remedy: str) -> None:
        super().__init__(value, reason, remedy)
        self.value = value
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.value}: {self.reason}; {self.remedy}"


class Waiting(KeeperError):
    """Something has to come first, such as a price or a moment: a state, and no failure.

    With the next block the same is tried again, whole.
    """
