"""The publications that values, mechanisms and methods come from, each with the pattern by which a text names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._version import __version__

__all__ = ["RODAS5P", "SELF", "TABLE", "TSITOURAS", "Reference", "tex"]


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
        pairs = {**self.fields, **({"note": tex(note)} if note else {})}
        return f"@{self.kind}{{{self.key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in pairs.items()) + "}"


def tex(text: str) -> str:
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
        "Destexhe1994", r"Sejnowski, J\. Comput", "Destexhe, A. and Mainen, Z. F. and Sejnowski, T. J.", "1994",
        "Synthesis of models for excitable membranes, synaptic transmission and neuromodulation using a common kinetic formalism",
        "Journal of Computational Neuroscience", "1", "195–230", "10.1007/BF00961734",
    ),
    _book(
        "Destexhe1998", r"Methods in Neuronal Modeling", "Destexhe, A. and Mainen, Z. F. and Sejnowski, T. J.", "1998",
        "Kinetic models of synaptic transmission, in C. Koch and I. Segev, Methods in Neuronal Modeling", "MIT Press", "2",
    ),
    _article(
        "DestexheSejnowski1995", r"Destexhe & T\. J\. Sejnowski", "Destexhe, A. and Sejnowski, T. J.", "1995",
        "G protein activation kinetics and spillover of γ-aminobutyric acid may account for differences between inhibitory responses in "
        "the hippocampus and thalamus", "Proceedings of the National Academy of Sciences", "92", "9515–9519", "10.1073/pnas.92.21.9515",
    ),
    _article(
        "JahrStevens1990", r"Jahr", "Jahr, C. E. and Stevens, C. F.", "1990",
        "Voltage dependence of NMDA-activated macroscopic conductances predicted by single-channel kinetics", "Journal of Neuroscience",
        "10", "3178–3182", "10.1523/JNEUROSCI.10-09-03178.1990",
    ),
    _article(
        "Bormann1987", r"Bormann", "Bormann, J. and Hamill, O. P. and Sakmann, B.", "1987",
        "Mechanism of anion permeation through channels gated by glycine and γ-aminobutyric acid in mouse cultured spinal neurones",
        "Journal of Physiology", "385", "243–286", "10.1113/jphysiol.1987.sp016493",
    ),
    _article(
        "Maingret2000", r"Maingret", "Maingret, F. and Lauritzen, I. and Patel, A. J. and Heurteaux, C. and Reyes, R. and Lesage, F. and "
        "Lazdunski, M. and Honoré, E.", "2000", "TREK-1 is a heat-activated background K⁺ channel", "EMBO Journal", "19", "2483–2491",
        "10.1093/emboj/19.11.2483",
    ),
    _article(
        "HagiwaraTakahashi1974", r"Hagiwara", "Hagiwara, S. and Takahashi, K.", "1974",
        "The anomalous rectification and cation selectivity of the membrane of a starfish egg cell", "Journal of Membrane Biology", "18",
        "61–80", "10.1007/BF01870103",
    ),
    _article(
        "Lytton1992", r"Lytton", "Lytton, J. and Westlin, M. and Burk, S. E. and Shull, G. E. and MacLennan, D. H.", "1992",
        "Functional comparisons between isoforms of the sarcoplasmic or endoplasmic reticulum family of calcium pumps",
        "Journal of Biological Chemistry", "267", "14483–14489", "",
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
