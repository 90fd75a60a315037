"""References of exactly what a model or a result used: the papers of its values and mechanisms, the method, ionflux itself.

Values carry the text of their source, and classes name theirs in the docstring. Where such a text names a paper of the table below it is
told in full, otherwise as it stands.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ._version import __version__
from .cells import Cell
from .errors import InputError
from .mechanisms import Leak, Mechanism

__all__ = ["Reference", "cite", "references"]


@dataclass(frozen=True, eq=False)
class Reference:
    """A publication.

    Parameters
    ----------
    key : str
        For BibTeX.
    kind : str
        "article", "book" or "misc".
    pattern : str
        What a text contains that names it (a regular expression).
    fields : mapping from str to str
        As in BibTeX.
    """

    key: str
    kind: str
    pattern: str
    fields: Mapping[str, str]

    def text(self) -> str:
        """One line for people."""
        f = self.fields
        where = f.get("journal") or f.get("publisher") or f.get("howpublished") or ""
        volume = f" {f['volume']}" if "volume" in f else ""
        pages = f", {f['pages']}" if "pages" in f else ""
        edition = f", {f['edition']} ed." if "edition" in f else ""
        doi = f". doi:{f['doi']}" if "doi" in f else ""
        year = f" ({f['year']})" if "year" in f else ""
        return (
            f"{f['author'].replace(' and ', ', ').strip('{}')}{year}. {f['title']}{edition}. {where}{volume}{pages}{doi}".rstrip(". ") + "."
        )

    def bibtex(self, note: str = "") -> str:
        """An entry for BibTeX."""
        pairs = {**self.fields, **({"note": _tex(note)} if note else {})}
        return f"@{self.kind}{{{self.key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in pairs.items()) + "}"


def _tex(text: str) -> str:
    """Braces must pair, or the entry would end early."""
    return text.replace("{", "(").replace("}", ")")


def _article(key: str, pattern: str, author: str, year: str, title: str, journal: str, volume: str, pages: str, doi: str) -> Reference:
    fields = {"author": author, "title": title, "journal": journal, "volume": volume, "pages": pages, "year": year, "doi": doi}
    return Reference(key, "article", pattern, {name: value for name, value in fields.items() if value})


def _book(key: str, pattern: str, author: str, year: str, title: str, publisher: str, edition: str = "") -> Reference:
    fields = {"author": author, "title": title, "edition": edition, "publisher": publisher, "year": year}
    return Reference(key, "book", pattern, {name: value for name, value in fields.items() if value})


RODAS5P = _article(
    "Steinebach2023", r"Steinebach", "Steinebach, G.", "2023",
    "Construction of Rosenbrock–Wanner method Rodas5P and numerical benchmarks within the Julia Differential Equations package",
    "BIT Numerical Mathematics", "63", "27", "10.1007/s10543-023-00967-x",
)  # fmt: skip
TSITOURAS = _article(
    "Tsitouras2011", r"Tsitouras", "Tsitouras, Ch.", "2011",
    "Runge–Kutta pairs of order 5(4) satisfying only the first column simplifying assumption",
    "Computers & Mathematics with Applications", "62", "770–775", "10.1016/j.camwa.2011.06.002",
)  # fmt: skip
SELF = Reference(
    "ionflux", "misc", r"$^",
    {"author": "{The ionflux developers}", "title": "ionflux: ions at cell membranes", "howpublished": f"version {__version__}"},
)  # fmt: skip

TABLE = (
    _article(
        "Dusterwald2018", r"Düsterwald",
        "Düsterwald, K. M. and Currin, C. B. and Burman, R. J. and Akerman, C. J. and Kay, A. R. and Raimondo, J. V.",
        "2018", "Biophysical models reveal the relative importance of transporter proteins and impermeant anions in chloride homeostasis",
        "eLife", "7", "e39575", "10.7554/eLife.39575",
    ),
    _article(
        "Kay2017", r"Kay 2017|Kay, Front\. Cell", "Kay, A. R.", "2017", "How cells can control their size by pumping ions",
        "Frontiers in Cell and Developmental Biology", "5", "41", "10.3389/fcell.2017.00041",
    ),
    _book(
        "HoppensteadtPeskin2002", r"Hoppensteadt", "Hoppensteadt, F. C. and Peskin, C. S.", "2002",
        "Modeling and Simulation in Medicine and the Life Sciences", "Springer", "2",
    ),
    _book("GabbianiCox2010", r"Gabbiani", "Gabbiani, F. and Cox, S. J.", "2010", "Mathematics for Neuroscientists", "Academic Press"),
    _article(
        "TostesonHoffman1960", r"Tosteson", "Tosteson, D. C. and Hoffman, J. F.", "1960",
        "Regulation of cell volume by active cation transport in high and low potassium sheep red cells",
        "Journal of General Physiology", "44", "169–194", "10.1085/jgp.44.1.169",
    ),
    _article(
        "Goldman1943", r"Goldman, J\. Gen", "Goldman, D. E.", "1943", "Potential, impedance, and rectification in membranes",
        "Journal of General Physiology", "27", "37–60", "10.1085/jgp.27.1.37",
    ),
    _article(
        "HodgkinKatz1949", r"Hodgkin & B\. Katz", "Hodgkin, A. L. and Katz, B.", "1949",
        "The effect of sodium ions on the electrical activity of the giant axon of the squid",
        "Journal of Physiology", "108", "37–77", "10.1113/jphysiol.1949.sp004310",
    ),
    _article(
        "GarayGarrahan1973", r"Garay", "Garay, R. P. and Garrahan, P. J.", "1973",
        "The interaction of sodium and potassium with the sodium pump in red cells", "Journal of Physiology", "231", "297–325",
        "10.1113/jphysiol.1973.sp010234",
    ),
    _article(
        "LuoRudy1994", r"Luo & (?:Y\. )?Rudy", "Luo, C.-H. and Rudy, Y.", "1994",
        "A dynamic model of the cardiac ventricular action potential. I. Simulations of ionic currents and concentration changes",
        "Circulation Research", "74", "1071–1096", "10.1161/01.RES.74.6.1071",
    ),
    _article(
        "HodgkinHuxley1952", r"Hodgkin & (?:A\. F\. )?Huxley", "Hodgkin, A. L. and Huxley, A. F.", "1952",
        "A quantitative description of membrane current and its application to conduction and excitation in nerve",
        "Journal of Physiology", "117", "500–544", "10.1113/jphysiol.1952.sp004764",
    ),
    _article(
        "BarretoCressman2011", r"Barreto & (?:J\. R\. )?Cressman", "Barreto, E. and Cressman, J. R.", "2011",
        "Ion concentration dynamics as a mechanism for neuronal bursting", "Journal of Biological Physics", "37", "361–373",
        "10.1007/s10867-010-9212-6",
    ),
    _article(
        "Cressman2009", r"Cressman et al", "Cressman, J. R. and Ullah, G. and Ziburkus, J. and Schiff, S. J. and Barreto, E.", "2009",
        "The influence of sodium and potassium dynamics on excitability, seizures, and the stability of persistent states: I. Single "
        "neuron dynamics", "Journal of Computational Neuroscience", "26", "159–170", "10.1007/s10827-008-0132-4",
    ),
    _article(
        "HubelDahlem2014", r"Hübel", "Hübel, N. and Dahlem, M. A.", "2014",
        "Dynamics from seconds to hours in Hodgkin–Huxley model with time-dependent ion concentrations and buffer reservoirs",
        "PLoS Computational Biology", "10", "e1003941", "10.1371/journal.pcbi.1003941",
    ),
    _article(
        "Wei2014", r"Wei et al", "Wei, Y. and Ullah, G. and Schiff, S. J.", "2014",
        "Unification of neuronal spikes, seizures, and spreading depression", "Journal of Neuroscience", "34", "11733–11743",
        "10.1523/JNEUROSCI.0516-14.2014",
    ),
    _article(
        "Saetra2020", r"Sætra", "Sætra, M. J. and Einevoll, G. T. and Halnes, G.", "2020",
        "An electrodiffusive, ion conserving Pinsky–Rinzel model with homeostatic mechanisms", "PLoS Computational Biology", "16",
        "e1007661", "10.1371/journal.pcbi.1007661",
    ),
    _article(
        "Kalia2021", r"Kalia", "Kalia, M. and Meijer, H. G. E. and van Gils, S. A. and van Putten, M. J. A. M. and Rose, C. R.", "2021",
        "Ion dynamics at the energy-deprived tripartite synapse", "PLoS Computational Biology", "17", "e1009019",
        "10.1371/journal.pcbi.1009019",
    ),
    _article(
        "Dijkstra2016", r"Dijkstra", "Dijkstra, K. and Hofmeijer, J. and van Gils, S. A. and van Putten, M. J. A. M.", "2016",
        "A biophysical model for cytotoxic cell swelling", "Journal of Neuroscience", "36", "11881–11890", "10.1523/JNEUROSCI.1934-16.2016",
    ),
    _article(
        "Hamada2003", r"Hamada", "Hamada, K. and Matsuura, H. and Sanada, M. and Toyoda, F. and Omatsu-Kanbe, M. and Kashiwagi, A. and "
        "Yasuda, H.", "2003", "Properties of the Na⁺/K⁺ pump current in small neurons from adult rat dorsal root ganglia",
        "British Journal of Pharmacology", "138", "1517–1527", "10.1038/sj.bjp.0705170",
    ),
    _article(
        "Pan2020", r"Pan et al", "Pan, M. and Gawthrop, P. J. and Cursons, J. and Tran, K. and Crampin, E. J.", "2020",
        "The cardiac Na⁺/K⁺ ATPase: an updated, thermodynamically consistent model", "Physiome", "", "", "10.36903/physiome.12871070",
    ),
    _article(
        "Terkildsen2007", r"Terkildsen", "Terkildsen, J. R. and Crampin, E. J. and Smith, N. P.", "2007",
        "The balance between inactivation and activation of the Na⁺-K⁺ pump underlies the triphasic accumulation of extracellular K⁺ "
        "during myocardial ischemia", "American Journal of Physiology – Heart and Circulatory Physiology", "293", "H3036–H3045",
        "10.1152/ajpheart.00771.2007",
    ),
    _article(
        "SmithCrampin2004", r"Crampin, Prog", "Smith, N. P. and Crampin, E. J.", "2004",
        "Development of models of active ion transport for whole-cell modelling: cardiac sodium–potassium pump as a case study",
        "Progress in Biophysics and Molecular Biology", "85", "387–405", "10.1016/j.pbiomolbio.2004.01.010",
    ),
    _article(
        "Hansen1981", r"Hansen, D\. Gradmann", "Hansen, U.-P. and Gradmann, D. and Sanders, D. and Slayman, C. L.", "1981",
        "Interpretation of current–voltage relationships for “active” ion transport systems: I. Steady-state reaction-kinetic analysis of "
        "class-I mechanisms", "Journal of Membrane Biology", "63", "165–190", "10.1007/BF01870979",
    ),
    _article(
        "ZerangueKavanaugh1996", r"Zerangue", "Zerangue, N. and Kavanaugh, M. P.", "1996",
        "Flux coupling in a neuronal glutamate transporter", "Nature", "383", "634–637", "10.1038/383634a0",
    ),
    _article(
        "Carafoli1991", r"Carafoli", "Carafoli, E.", "1991", "Calcium pump of the plasma membrane", "Physiological Reviews", "71",
        "129–153", "10.1152/physrev.1991.71.1.129",
    ),
    _article(
        "KedemKatchalsky1958", r"Kedem", "Kedem, O. and Katchalsky, A.", "1958",
        "Thermodynamic analysis of the permeability of biological membranes to non-electrolytes", "Biochimica et Biophysica Acta", "27",
        "229–246", "10.1016/0006-3002(58)90330-5",
    ),
    _book("KeenerSneyd", r"Keener", "Keener, J. and Sneyd, J.", "", "Mathematical Physiology", "Springer"),
    Reference(
        "CODATA2022", "misc", r"CODATA 2022",
        {"author": "Tiesinga, E. and Mohr, P. J. and Newell, D. B. and Taylor, B. N.", "title": "The 2022 CODATA recommended values of the "
         "fundamental physical constants", "howpublished": "NIST", "year": "2024"},
    ),
    RODAS5P,
    TSITOURAS,
)  # fmt: skip


def references(thing: Any) -> tuple[dict[Reference, list[str]], dict[str, list[str]]]:
    """Return the publications that a cell or a result used, and source texts that name none of the table, each with what for.

    Parameters
    ----------
    thing : Cell, Trajectory, SteadyState or Sweep
    """
    cell = thing if isinstance(thing, Cell) else getattr(thing, "model", None) or getattr(thing, "cell", None)
    if not isinstance(cell, Cell):
        raise InputError(f"{thing!r} cites nothing; a Cell and the results of its verbs do")
    found: dict[Reference, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for source, what in _sources(cell):
        named = [r for r in TABLE if re.search(r.pattern, source)]
        for reference in named:
            found.setdefault(reference, []).append(what)
        if not named and re.search(r"\b(?:1[89]|20)\d\d\b", source):  # a year makes it a publication; "solved from the start" is none
            texts.setdefault(source, []).append(what)
    for reference, what in _methods(thing):
        found.setdefault(reference, []).append(what)
    found.setdefault(SELF, []).append("the computation")
    return found, texts


def _sources(cell: Cell) -> Iterable[tuple[str, str]]:
    for name, p in cell.parameters().items():
        if p.source:
            yield p.source, name
    if cell.constants is None:
        yield "CODATA 2022", "constants"
    for m in cell.membrane:
        if isinstance(m, Leak) and m.P is None:
            continue  # Ohm's law; the papers that the class names are those of the Goldman leak
        yield _stated(type(m)), m.name


def _stated(cls: type[Mechanism]) -> str:
    """The paragraph of a docstring that begins with ``Source:``."""
    found = re.search(r"^Source: (.*?)(?:\n\n|\Z)", inspect.getdoc(cls) or "", re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _methods(thing: Any) -> Iterable[tuple[Reference, str]]:
    method = getattr(getattr(thing, "stats", None), "method", "")
    if "Rodas5P" in method:
        yield RODAS5P, "integration in time"
    elif "Tsitouras" in method:
        yield TSITOURAS, "integration in time"


def cite(thing: Any, style: str = "text") -> str:
    """Return the references of exactly what a cell or a result used.

    Parameters
    ----------
    thing : Cell, Trajectory, SteadyState or Sweep
    style : {"text", "bibtex"}

    Examples
    --------
    >>> import ionflux as ifx
    >>> "eLife" in cite(ifx.preset("dusterwald2018"))
    True
    """
    if style not in ("text", "bibtex"):
        raise InputError(f'style = {style!r}; it is "text" or "bibtex"')
    found, texts = references(thing)
    if style == "text":
        lines = [f"{r.text()}\n    for {_for(uses)}" for r, uses in found.items()]
        return "\n".join([*lines, *(f"{text}\n    for {_for(uses)}" for text, uses in texts.items())])
    entries = [r.bibtex(f"For {_for(uses)}") for r, uses in found.items()]
    for i, (text, uses) in enumerate(texts.items(), 1):
        entries.append(Reference(f"source{i}", "misc", "", {"title": _tex(text)}).bibtex(f"For {_for(uses)}"))
    return "\n\n".join(entries)


def _for(uses: list[str]) -> str:
    once = list(dict.fromkeys(uses))
    return ", ".join(once[:12]) + (f" and {len(once) - 12} more" if len(once) > 12 else "")
