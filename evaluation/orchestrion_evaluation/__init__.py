"""Measures planners on TaskBench's samples: formats, tools as task types, scores. All but `planning` is pure."""
