"""Texts as people have them: a review, news, a letter, a page that was read from a picture, and a long one."""

from __future__ import annotations

from typing import Final

REVIEW: Final = """\
I bought this vacuum cleaner three months ago for our flat, mainly because of our two cats. Setting it up took five \
minutes. The suction is excellent, even on thick carpets, and pet hair is no problem at all. It is a bit loud, \
though. The battery lasts about forty minutes, which is enough for our three rooms. What annoys me is the dust \
container: it is tiny and has to be emptied after every use. Customer service answered within a day when I asked \
about spare filters. Would I buy it again? Yes, despite the small container, since nothing else I tried cleaned \
this well. The price of 200 euros seems fair to me."""

NEWS: Final = """\
A freight train carrying timber came off the rails near the town of Millbrook early on Tuesday morning. Eleven of \
its twenty wagons overturned, police said. The driver, 52-year-old Peter Lang, was taken to hospital with a broken \
arm, but there were no other injuries. "We were extremely lucky," said Mayor Susan Oduya, who visited the site in \
the afternoon. The line between Millbrook and Harlow will stay closed until Friday while workers repair about 300 \
metres of track. The rail company believes that a landslide after heavy rain caused the accident. Replacement buses \
run every thirty minutes. The damage is estimated at $4.2 million."""

REEFS: Final = """\
Coral reefs cover less than one per cent of the ocean floor. However, they are home to a quarter of all marine \
species. Rising water temperatures cause corals to expel the algae that feed them, which is known as bleaching. \
Bleached corals often starve within weeks. In 2016 a heat wave killed about a third of the corals of the Great \
Barrier Reef. Scientists are now breeding corals that stand higher temperatures. They transplant young colonies \
onto damaged reefs. Some of these have survived two hot summers. Yet researchers warn that such projects are small \
and expensive. Without a rapid cut of greenhouse gas emissions, they say, most reefs will be lost by the middle of \
the century. Tourism and fishing in many countries depend on them. About half a billion people live near reefs and \
use them for food or income."""

PAGE: Final = """\
The Harbour Museum

The museum was founded in 1887 by a group of local merchants who wanted to pre-
serve the history of the port. It holds over 12,000 objects, among them 340 model
ships, and moved to its present building in Dock Street in 1932. The building, a
former customs house, was designed by the architect Clara Whitfield. A fire on 14
March 1958 destroyed the east wing; nobody was hurt, but some 900 paintings were
lost. The wing was rebuilt within three years because the city offered to pay half of
the costs, about 2.5 million pounds.
Since 2009 the museum has been led by Dr. Amir Haddad, who had worked in Rotterdam
before. Last year it welcomed 86,000 visitors, more than ever.

Opening hours
Tuesday to Sunday, 10 a.m. to 6 p.m.
Tickets
Adults: 8 euros. Children under twelve: free.
Contact
info@harbourmuseum.example, +44 1632 960 123
"""
"""Broken into lines as on paper, a word hyphenated, with headings and lists."""

LETTER: Final = """\
Dear Ms. Novak,

Thank you for your order of 3 May. We are sorry to tell you that the oak table is out of stock. Our supplier in \
Denmark expects to deliver it in the second week of June. If you do not wish to wait, we will gladly refund the \
full amount of 450 euros. Please let Mr. Jensen know what you prefer; he can be reached at \
jensen@woodworks.example. The four chairs left our warehouse yesterday and should reach you on Thursday.

Kind regards,
Helen Brandt
Customer Service"""


def long_text(size: int) -> str:
    """Writes a report of that many characters, of which no two sentences are the same."""
    places = ("harbour", "station", "school", "library", "market", "bridge", "hospital", "museum")
    things = ("roof", "heating", "entrance", "lighting", "drainage", "staircase", "sign", "fence", "lift", "floor")
    verbs = ("repaired", "inspected", "painted", "replaced", "cleaned", "measured", "closed", "reopened")
    lines: list[str] = []
    length, number = 0, 0
    while length < size:
        place, thing = places[number % 8], things[number % 10]
        verb = verbs[(number // 80) % 8]
        lines.append(f"In week {number + 1} the {thing} of the {place} was {verb} for {100 + 7 * number} euros.")
        length += len(lines[-1]) + 1
        number += 1
    return " ".join(lines)[:size]
