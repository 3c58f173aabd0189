"""`orchestrion models`: the models of a host, those that it could have, and the Hub's."""
