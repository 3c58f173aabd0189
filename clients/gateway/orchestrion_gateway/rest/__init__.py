"""The platform's own calls under `/api/v1`: each decodes, calls the client, and encodes."""
