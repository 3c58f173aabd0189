"""Messages of the API to the domain's dataclasses and back."""
