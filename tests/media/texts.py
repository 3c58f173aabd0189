"""Texts as people have them: mails, reviews, minutes, an article, a printed page; and 50 kB of real prose."""

from __future__ import annotations

import re
from pydoc_data.topics import topics
from typing import Final

ARTICLE: Final = (
    "The town of Harlow Bay has finished rebuilding its old lighthouse, which had been dark for almost thirty years. "
    "The tower was built in 1867 and guided fishing boats through the shallow channel until the harbour moved in 1994. "
    "After that, storms broke most of the windows, and salt water ate into the iron staircase. "
    "Four years ago a group of pupils from the local school wrote to the mayor and asked why nobody looked after it. "
    "Their letter was printed in the newspaper, and within a month people had given more than forty thousand euros. "
    "Engineers found that the walls were sound, but that the lamp room had to be replaced completely. "
    "The new lamp uses a tenth of the electricity of the old one and can be seen from twenty kilometres away. "
    "Visitors may climb the 142 steps every weekend from April to October. "
    "On Sundays the tower opens at eleven, on Saturdays already at nine. "
    "The keeper's house next to it has become a small museum about the people who worked there. "
    "Its first exhibition shows letters that keepers wrote to their families in winter. "
    "The mayor said at the opening that the lighthouse belongs to the children who would not let it fall down."
)

BAD_REVIEW: Final = (
    "We had booked this hotel for our anniversary and it was a terrible disappointment. The room was dirty, the shower "
    "was broken, and the man at the reception was rude when we complained. Breakfast was cold and awful. I am angry "
    "that we paid so much for such a horrible weekend, and I would never stay there again."
)

GOOD_REVIEW: Final = (
    "This little bakery is the best thing that has happened to our street in years. The bread is wonderful, still "
    "warm in the morning, and the two sisters behind the counter remember everybody's name. They gave my daughter a "
    "cinnamon bun on her birthday, which made her whole week. Prices are fair, the coffee is excellent, and there is "
    "a sunny bench in front of the window. I love it and recommend it to all my friends."
)

MINUTES: Final = (
    "Minutes of the spring meeting of the garden club, 12 March.\n\n"
    "Present were eleven members. The chair, Olga Brandt, opened the meeting at seven o'clock. Pedro Marques will look "
    "after the budget this year, because Hanna has moved away. The greenhouse roof leaks above the tomato beds; Yusuf "
    "offered to repair it before the end of April. The plant sale takes place on 20 May in front of the library. "
    "Seeds for the children's corner were ordered for 85 euros. The next meeting is on 9 June.\n"
)

LETTER_DE: Final = (
    "Liebe Frau Sommer,\n\nvielen Dank für Ihren Brief und die schönen Fotos vom See. Wir sind gut zu Hause "
    "angekommen und denken oft an die Tage bei Ihnen. Die Kinder fragen schon, wann wir wieder fahren.\n\nHerzliche "
    "Grüße\nFamilie Wolf\n"
)

LETTER_ES: Final = (
    "Hola Lucía:\n\nEl tren llega a las siete y media de la tarde. ¿Puedes recogerme en la estación? Llevo dos maletas "
    "grandes y un regalo para tu madre. Tengo muchas ganas de veros a todos.\n\nUn abrazo,\nMateo\n"
)

SPOKEN: Final = "go forward ten meters"
"""What is said in `speech.flac`, and reliably heard."""

PAGE_LINES: Final = (
    "NOTICE TO ALL TENANTS",
    "Work on the water pipes begins on Monday",
    "and will take about three weeks.",
    "During this time the water will be turned off",
    "each weekday between nine and noon.",
    "Please fill a bucket or two in the evening.",
    "The lift stays in service, but the door to",
    "the cellar will be locked while the workers",
    "carry the new pipes through the corridor.",
    "Bicycles can be left in the yard meanwhile.",
    "Dust cannot be avoided, for which we are sorry.",
    "Anyone who needs help with carrying water",
    "should ring at flat twelve on the ground floor.",
    "Thank you for your patience.",
)
"""A printed page, line by line."""


def long_text(size_bytes: int = 50_000) -> str:
    """Returns real prose of a size: paragraphs of Python's reference, as Python itself brings it."""
    paragraphs = (" ".join(part.split()) for name in sorted(topics) for part in topics[name].split("\n\n"))
    prose = (part for part in paragraphs if part[:1].isupper() and part.endswith(".") and "::=" not in part)
    return re.sub(r"[`*\\]", "", "\n\n".join(prose)).encode()[:size_bytes].decode(errors="ignore")
