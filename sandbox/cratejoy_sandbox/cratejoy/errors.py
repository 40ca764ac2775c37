"""An answer other than 200, raised anywhere below the application."""


class ApiError(Exception):
    """Becomes a response with this status and `{"errors": [...]}`."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = list(errors)


def bad_request(error: str) -> ApiError:
    """The 400 that Cratejoy gives for query parameters it does not know."""
    return ApiError(400, error, "Invalid query parameter")
