"""What is truly grammar, as data: one folder a language, and the small readers that all languages share.

`folders` has the languages, `detection` tells which one a text is in, `amounts` and `language_names` read numbers with
their units and names of languages. What differs between languages is in their folders alone; `symbols.yaml` has what
is written alike in all of them.
"""

from orchestrion_controller.languages.detection import Detected, canonical, detect, detect_any, prepare, prepared
from orchestrion_controller.languages.folders import ENTRY_POINTS, load
from orchestrion_controller.languages.language import Language

__all__ = [
    "ENTRY_POINTS",
    "Detected",
    "Language",
    "canonical",
    "detect",
    "detect_any",
    "load",
    "prepare",
    "prepared",
]
