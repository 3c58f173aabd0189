"""Families of models: one declarative table, which the host reads to recognise models and the worker to load them.

A family is an entry in one of the YAML files beside this module and a module of the worker that loads its models.
`family` says what an entry may hold, `table` answers what is asked of all entries together.
"""
