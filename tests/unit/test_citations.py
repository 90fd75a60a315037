"""References of exactly what was used."""

from __future__ import annotations

import re

import pytest

import ionflux as ifx
from ionflux import K, Na
from ionflux.citations import TABLE, _stated, cite, references


def keys(thing: object) -> set[str]:
    return {reference.key for reference in references(thing)[0]}


def test_a_run_cites_the_paper_of_its_values_its_mechanisms_and_its_method() -> None:
    cell = ifx.preset("dusterwald2018")
    assert keys(cell) == {"Dusterwald2018", "KedemKatchalsky1958", "ionflux"}
    assert keys(cell.simulate(1.0)) == keys(cell) | {"Steinebach2023"}
    assert keys(cell.simulate(1.0, method="explicit")) == keys(cell) | {"Tsitouras2011"}
    assert keys(cell.steady_state()) == keys(cell)
    assert keys(ifx.sweep(cell, {"KCC2.g": [0.1]}, until=1.0, threads=1)) == keys(cell) | {"Steinebach2023"}


def test_a_run_that_both_methods_had_a_part_in_cites_both() -> None:
    schedule = {"CurrentClamp.i": ifx.pulse(0.0, 3.0, to=0.1)}
    run = ifx.preset("hodgkin_huxley1952").simulate(30.0, schedule=schedule, at=[30.0])
    assert {"Steinebach2023", "Tsitouras2011"} <= keys(run)


def test_synapses_and_channels_cite_their_papers() -> None:
    found = {
        cls: {r.key for r in TABLE if re.search(r.pattern, _stated(cls))}
        for cls in (ifx.Synapse, ifx.AMPA, ifx.NMDA, ifx.GABA_A, ifx.GABA_B, ifx.K2P, ifx.KirBoltzmann, ifx.SERCA)
    }
    assert list(found.values()) == [
        {"Destexhe1994"}, {"Destexhe1998"}, {"JahrStevens1990"}, {"Bormann1987"}, {"DestexheSejnowski1995"}, {"Maingret2000"},
        {"HagiwaraTakahashi1974"}, {"Lytton1992"},
    ]  # fmt: skip


def test_only_goldman_leaks_cite_goldman_and_constants_of_codata_codata() -> None:
    assert {"Goldman1943", "HodgkinKatz1949"} <= keys(ifx.preset("hoppensteadt_peskin"))
    cell = ifx.Cell.sphere(
        5e-6, C_m=0.01, V=-0.05, inside={K: 140.0}, bath=ifx.Bath({K: 5.0, ifx.Cl: 5.0}), impermeant=ifx.Impermeant(c=140.0),
        membrane=[ifx.Leak(K, g=1.0)],
    )  # fmt: skip
    assert keys(cell) == {"CODATA2022", "ionflux"}


def test_a_value_that_was_changed_no_longer_cites_its_paper() -> None:
    cell = ifx.preset("dusterwald2018")
    (used,) = [uses for reference, uses in references(cell.replace({"leak_K.g": 0.8}))[0].items() if reference.key == "Dusterwald2018"]
    assert "leak_K.g" not in used
    assert "leak_Na.g" in used


def test_a_source_that_is_not_in_the_table_is_told_as_it_stands() -> None:
    cell = ifx.preset("kay2017")
    other = ifx.Cell(**{f: getattr(cell, f) for f in ("area", "volume", "C_m", "T", "inside", "bath", "impermeant", "membrane", "V")},
                     sources={"leak_K.g": "Somebody {et al}. 1999, J. Something 3:1"})  # fmt: skip
    assert "Somebody {et al}. 1999" in cite(other)
    assert "title = {Somebody (et al). 1999, J. Something 3:1}" in cite(other, "bibtex")


def test_bibtex_is_well_formed() -> None:
    text = ifx.preset("hoppensteadt_peskin").simulate(1.0).cite("bibtex")
    entries = text.split("\n\n")
    assert len(entries) == len({entry.split("{", 1)[1].split(",")[0] for entry in entries}) > 5
    for entry in entries:
        assert entry.count("{") == entry.count("}")
        assert re.fullmatch(r"@(article|book|misc)\{\w+,\n(  \w+ = \{.*\},\n)+\}", entry)


def test_the_table_has_each_publication_once() -> None:
    assert len({r.key for r in TABLE}) == len(TABLE)
    assert all(r.text().endswith(".") and "  " not in r.text() for r in TABLE)


def test_what_cites_nothing_says_so() -> None:
    with pytest.raises(ifx.InputError, match="cites nothing"):
        cite(ifx.Leak(Na, g=1.0))
    with pytest.raises(ifx.InputError, match="bibtex"):
        cite(ifx.preset("kay2017"), "endnote")
