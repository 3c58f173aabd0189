"""Facts of models as YAML carries them: what `reader` reads again, without what says nothing."""

from __future__ import annotations

from typing import Final

import msgspec

from orchestrion_host.catalogue.facts import ModelFacts

_DEFAULTS: Final = {item.name: item.default for item in msgspec.structs.fields(ModelFacts)}


def plain(facts: ModelFacts) -> dict[str, object]:
    """Returns the fields that are not as they are by default, as plain data."""
    # By way of JSON tuples become lists. What is empty is left out already, other defaults are not always.
    written = msgspec.json.decode(msgspec.json.encode(facts))
    return {name: value for name, value in written.items() if value not in ({}, _DEFAULTS[name])}
