"""Links fetched by the client, on the person's own machine."""
