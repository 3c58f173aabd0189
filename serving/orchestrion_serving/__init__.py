"""What both servers share: settings, interceptors, metrics, and the life of the process. Clients do not import it."""
