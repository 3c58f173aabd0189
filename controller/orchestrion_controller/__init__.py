"""Plans, matches, executes and answers requests: the controller's server."""
