"""Language tags (BCP 47), and the codes of models that mean the same: `deu_Latn`, `de_DE`, `>>deu<<` and `de`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?(?:[-_].*)?", re.IGNORECASE)

# ISO 639-3 to 639-1, and members that stand for their macrolanguage in models of translation.
_CODES: Final = (
    "aar:aa abk:ab afr:af aka:ak als:sq amh:am ara:ar arb:ar arg:an asm:as ava:av ayr:ay aym:ay aze:az azj:az bak:ba "
    "bam:bm bel:be ben:bn bis:bi bod:bo bos:bs bre:br bul:bg cat:ca ces:cs cha:ch che:ce chv:cv cmn:zh cor:kw cos:co "
    "cym:cy dan:da deu:de div:dv dzo:dz ekk:et ell:el eng:en epo:eo est:et eus:eu ewe:ee fao:fo fas:fa fij:fj fin:fi "
    "fra:fr fry:fy ful:ff gaz:om gla:gd gle:ga glg:gl glv:gv grn:gn guj:gu hat:ht hau:ha heb:he her:hz hin:hi hrv:hr "
    "hun:hu hye:hy ibo:ig ido:io iku:iu ina:ia ind:id isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kaz:kk "
    "khk:mn khm:km kik:ki kin:rw kir:ky kmr:ku kom:kv kon:kg kor:ko kua:kj kur:ku lao:lo lat:la lav:lv lim:li lin:ln "
    "lit:lt ltz:lb lub:lu lug:lg lvs:lv mah:mh mal:ml mar:mr mkd:mk mlg:mg mlt:mt mon:mn mri:mi msa:ms mya:my nav:nv "
    "nbl:nr nde:nd ndo:ng nep:ne nld:nl nno:nn nob:nb nor:no npi:ne nya:ny oci:oc oji:oj ori:or orm:om ory:or oss:os "
    "pan:pa pbt:ps pes:fa plt:mg pol:pl por:pt pus:ps que:qu quy:qu roh:rm ron:ro run:rn rus:ru sag:sg san:sa sin:si "
    "slk:sk slv:sl sme:se smo:sm sna:sn snd:sd som:so sot:st spa:es sqi:sq srd:sc srp:sr ssw:ss sun:su swa:sw swe:sv "
    "swh:sw tah:ty tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug "
    "ukr:uk urd:ur uzb:uz uzn:uz ven:ve vie:vi vol:vo wln:wa wol:wo xho:xh ydd:yi yid:yi yor:yo zha:za zho:zh zsm:ms "
    "zul:zu fil:tl iw:he in:id ji:yi jw:jv mo:ro"
)
_SHORTER: Final = dict(pair.split(":") for pair in _CODES.split())
_SCRIPTS_OF_REGIONS: Final = {("zh", "TW"): "Hant", ("zh", "HK"): "Hant", ("zh", "MO"): "Hant"}
_USUAL_SCRIPTS: Final = {"zh": "Hans", "sr": "Cyrl"}
# Written without spaces between sentences.
_WITHOUT_SPACES: Final = ("zh", "ja", "yue", "wuu", "th", "lo", "km", "my", "bo", "dz")


@dataclass(frozen=True, slots=True)
class Tag:
    """A language, and where it matters its script and region; both empty when not said."""

    language: str
    script: str = ""
    region: str = ""

    def __str__(self) -> str:
        """Writes it as BCP 47 does."""
        return "-".join(part for part in (self.language, self.script, self.region) if part)

    @property
    def writes_spaces(self) -> bool:
        """Whether there is a space between two sentences."""
        return self.language not in _WITHOUT_SPACES


def parse(text: str) -> Tag | None:
    """Reads a tag, or a code of a model; None where it is neither.

    Languages that have a code of two letters get it: `deu_Latn` becomes `de-Latn`. The region `XX` of mBART is none.
    """
    match = _FORM.fullmatch(text.strip().strip("<>_"))
    if not match:
        return None
    language, script, region = (part or "" for part in match.groups())
    region = region.upper()
    code = language.lower()
    return Tag(_SHORTER.get(code, code), script.title(), "" if region == "XX" else region)


def choose(wanted: Tag, codes: Iterable[str]) -> str | None:
    """Finds the code of a model that means a language, in the script and for the region that were asked for.

    A code that says no script may mean any; of several that fit, the usual script and then the first code is taken.
    """
    script = wanted.script or _SCRIPTS_OF_REGIONS.get((wanted.language, wanted.region), "")
    usual = script or _USUAL_SCRIPTS.get(wanted.language, "")
    best: tuple[int, str] | None = None
    for code in codes:
        tag = parse(code)
        if tag is None or not _is_language(tag.language, wanted.language):
            continue
        own = tag.script or _SCRIPTS_OF_REGIONS.get((tag.language, tag.region), "")
        if script and own and own != script:
            continue
        fit = 4 * (own == usual) + 2 * (tag.region == wanted.region) + (tag.language == wanted.language)
        if best is None or fit > best[0]:
            best = fit, code
    return best[1] if best else None


def _is_language(code: str, wanted: str) -> bool:
    # Bokmal is what is meant by Norwegian.
    return code == wanted or {code, wanted} == {"no", "nb"}
