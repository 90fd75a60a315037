"""`nernst`, `ghk`, `donnan`, `debye`, `surface`: one formula each, quantities as text with their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ionflux import species
from ionflux._text import ion_text, prefixed, text_table
from ionflux.errors import InputError, UnknownNameError
from ionflux.fields import Parameter
from ionflux.scenarios.units import quantity
from ionflux.species import READY_MADE, IonSpecies
from .options import Json, print_json

POTENTIAL = Parameter(0.0, "V", -25.0, 25.0, "potential")
AMOUNT = Parameter(0.0, "mol m^-3", -6e4, 6e4, "concentration")
SIZE = Parameter(1.0, "m s^-1", 0.0, 1.0, "permeability")
CHARGE = Parameter(0.0, "C m^-2", -10.0, 10.0, "surface charge")
PURE = Parameter(1.0, "1", 0.0, 1e3, "pure number")

Ion = Annotated[str, typer.Argument(help="Na, K, Cl, Ca, …, or another with its valence: La:3.", metavar="ION")]
Temperature = Annotated[str, typer.Option("--T", help="Temperature.", metavar="TEXT")]
Inside = Annotated[str, typer.Option("--in", help='Concentration inside, "140 mM".', metavar="TEXT")]
Outside = Annotated[str, typer.Option("--out", help='Concentration outside, "5 mM".', metavar="TEXT")]
Insides = Annotated[list[str], typer.Option("--in", help='Concentration inside, K="140 mM"; one for each ion.', metavar="ION=TEXT")]
Outsides = Annotated[list[str], typer.Option("--out", help='Concentration outside, K="5 mM"; one for each ion.', metavar="ION=TEXT")]
Bath = Annotated[list[str], typer.Option("--bath", help='Concentration in the bath, Na="150 mM"; one for each ion.', metavar="ION=TEXT")]
Water = Annotated[str | None, typer.Option("--eps", help="Relative permittivity; default that of water at T.", metavar="NUMBER")]


def nernst(
    ion: Ion,
    inside: Inside,
    outside: Outside,
    T: Temperature = "37 degC",
    gamma_in: Annotated[str, typer.Option(help="Activity coefficient inside.", metavar="NUMBER")] = "1",
    gamma_out: Annotated[str, typer.Option(help="Activity coefficient outside.", metavar="NUMBER")] = "1",
    V: Annotated[str | None, typer.Option("--V", help='Membrane potential, "-70 mV": adds the driving force.', metavar="TEXT")] = None,
    json: Json = False,
) -> None:
    """Potential at which an ion is in equilibrium: ionflux nernst K --in "140 mM" --out "5 mM"."""
    from ionflux import electrochem

    E = electrochem.nernst(
        _ion(ion), c_in=_read("--in", inside, AMOUNT), c_out=_read("--out", outside, AMOUNT), T=_kelvin(T),
        gamma_in=_read("--gamma-in", gamma_in, PURE), gamma_out=_read("--gamma-out", gamma_out, PURE),
    )  # fmt: skip
    told: dict[str, tuple[float, str]] = {"E": (E, "V")}
    if V is not None:
        told["driving force"] = (_read("--V", V, POTENTIAL) - E, "V")
    _tell(told, json)


def ghk(
    P: Annotated[list[str], typer.Option("--P", help='Permeability, K=1 or K="1e-6 cm/s"; one for each ion.', metavar="ION=TEXT")],
    inside: Insides,
    outside: Outsides,
    T: Temperature = "37 degC",
    V: Annotated[str | None, typer.Option("--V", help='Membrane potential, "-70 mV": adds the currents.', metavar="TEXT")] = None,
    pump_ratio: Annotated[str | None, typer.Option(help="Na moved per K by a pump: 1.5 for 3:2.", metavar="NUMBER")] = None,
    json: Json = False,
) -> None:
    """Potential without current through a constant field, any valences; with --V and permeabilities in m/s also the currents."""
    from ionflux import ghk as formulas

    with_unit = any(_has_unit(text) for text in P)
    sizes = _by_ion("--P", P, SIZE if with_unit else PURE)
    sides: dict[str, Any] = {"c_in": _by_ion("--in", inside, AMOUNT), "c_out": _by_ion("--out", outside, AMOUNT), "T": _kelvin(T)}
    ratio = None if pump_ratio is None else _read("--pump-ratio", pump_ratio, PURE)
    told: dict[str, tuple[float, str]] = {"V": (formulas.ghk_voltage(sizes, **sides, pump_ratio=ratio), "V")}
    if V is not None:
        if not with_unit:
            raise InputError('--V asks for currents, which need permeabilities with a unit: --P K="1e-8 m/s"')
        currents = formulas.ghk_membrane(sizes, V=_read("--V", V, POTENTIAL), **sides).current
        told |= {f"I {ion.name}": (value, "A m^-2") for ion, value in currents.items()}
        told["I total"] = (sum(currents.values()), "A m^-2")
    _tell(told, json)


def donnan(
    bath: Bath,
    X: Annotated[str, typer.Option("--X", help='Fixed charge of the gel, "-100 mM".', metavar="TEXT")],
    T: Temperature = "37 degC",
    json: Json = False,
) -> None:
    """Equilibrium of a charged gel, or of a cell with impermeant charge, with a bath: potential, concentrations, osmotic pressure."""
    from ionflux import junctions

    found = junctions.donnan(_by_ion("--bath", bath, AMOUNT), _read("--X", X, AMOUNT), T=_kelvin(T))
    told: dict[str, tuple[float, str]] = {"phi": (found.phi, "V")}
    told |= {f"c {ion.name}": (c, "mol m^-3") for ion, c in found.c.items()}
    told["osmotic pressure"] = (found.osmotic_pressure, "Pa")
    _tell(told, json)


def debye(bath: Bath, T: Temperature = "37 degC", eps: Water = None, json: Json = False) -> None:
    """Screening in a solution: ionic strength, Debye and Bjerrum length, and what Davies says of the activity of each ion."""
    from ionflux import activities

    c, kelvin = _by_ion("--bath", bath, AMOUNT), _kelvin(T)
    eps_r = None if eps is None else _read("--eps", eps, PURE)
    I = activities.ionic_strength(c)
    told: dict[str, tuple[float, str]] = {
        "ionic strength": (I, "mol m^-3"),
        "Debye length": (activities.debye_length(I, eps_r=eps_r, T=kelvin), "m"),
        "Bjerrum length": (activities.bjerrum_length(eps_r=eps_r, T=kelvin), "m"),
    }
    told |= {f"gamma {ion.name}": (activities.activity_coefficient(ion, I, eps_r=eps_r, T=kelvin), "1") for ion in c}
    _tell(told, json)


def surface(
    bath: Bath,
    sigma: Annotated[str | None, typer.Option(help='Surface charge, "-0.02 C/m^2".', metavar="TEXT")] = None,
    psi: Annotated[str | None, typer.Option(help='Or surface potential, "-50 mV".', metavar="TEXT")] = None,
    T: Temperature = "37 degC",
    eps: Water = None,
    json: Json = False,
) -> None:
    """The screened layer at a flat charged surface: potential, charge, capacitance, and how much richer it is in each ion."""
    from ionflux import double_layers

    c = _by_ion("--bath", bath, AMOUNT)
    layer = double_layers.double_layer(
        c, T=_kelvin(T),
        sigma=None if sigma is None else _read("--sigma", sigma, CHARGE),
        psi_0=None if psi is None else _read("--psi", psi, POTENTIAL),
        eps_r=None if eps is None else _read("--eps", eps, PURE),
    )  # fmt: skip
    told: dict[str, tuple[float, str]] = {
        "potential": (float(layer.psi_0), "V"),
        "surface charge": (float(layer.sigma), "C m^-2"),
        "capacitance": (float(layer.capacitance), "F m^-2"),
        "Debye length": (float(layer.debye_length), "m"),
    }
    told |= {f"enrichment {ion.name}": (float(layer.enrichment(ion)), "1") for ion in c}
    _tell(told, json)


CALCULATORS = (nernst, ghk, donnan, debye, surface)


def _tell(told: Mapping[str, tuple[float, str]], json: bool) -> None:
    if json:
        print_json({name: {"value": value, "unit": unit} for name, (value, unit) in told.items()})
        return
    rows = []
    for name, (value, unit) in told.items():
        first, _, ion = name.rpartition(" ")
        shown = f"{first} {_shown(ion)}" if ion in READY_MADE else name
        rows.append([shown, *_human(value, unit)])
    typer.echo(text_table(["quantity", "value", "unit"], rows, flush="lrl"))


def _shown(name: str) -> str:
    ion: IonSpecies = getattr(species, READY_MADE[name])
    return ion_text(ion.name, ion.z)


def _human(value: float, unit: str) -> list[str]:
    """A value with the prefix that suits it; concentrations in mM."""
    if unit == "1":
        return [f"{value:.6g}".replace("-", "−"), ""]
    if unit == "mol m^-3":
        return [f"{value:.6g}", "mM"]
    factor, prefix = prefixed(value)
    return [f"{value / factor:.6g}".replace("-", "−"), prefix + unit.replace(" m^-2", "/m²")]


def _kelvin(text: str) -> float:
    return _read("--T", text, species.TEMPERATURE)


def _has_unit(text: str) -> bool:
    return any(letter.isalpha() for letter in text.partition("=")[2].lower().replace("e", ""))


def _read(option: str, text: str, kind: Parameter) -> float:
    """A quantity of an option; the error names the option."""
    try:
        value = quantity(text, kind.unit, kind.lo, kind.hi)
    except InputError as error:
        raise InputError(f"{option}: {error}") from error
    return kind.check(option, value)


def _by_ion(option: str, texts: list[str], kind: Parameter) -> dict[IonSpecies, float]:
    found: dict[IonSpecies, float] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not value.strip():
            raise InputError(f'{option} {text}: write {option} ION=VALUE, such as {option} K="5 mM"')
        ion = _ion(name.strip())
        if ion in found:
            raise InputError(f"{option}: {ion.name} is given twice")
        found[ion] = _read(f"{option} {ion.name}", value, kind)
    return found


def _ion(name: str) -> IonSpecies:
    label, sign, valence = name.partition(":")
    if sign:
        try:
            return IonSpecies(label, int(valence))
        except ValueError:
            raise InputError(f"{name}: the valence after the colon is a whole number, La:3") from None
    if label not in READY_MADE:
        raise UnknownNameError.among("there is no ion", label, READY_MADE)
    ion: IonSpecies = getattr(species, READY_MADE[label])
    return ion
