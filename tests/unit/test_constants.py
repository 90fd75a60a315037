"""The constants are those of CODATA 2022, and consistent with each other."""

from __future__ import annotations

import pytest

from ionflux import celsius, constants, solvent


def test_faraday_and_gas_constant_are_products_of_the_exact_constants() -> None:
    assert constants.FARADAY == pytest.approx(constants.ELEMENTARY_CHARGE * constants.AVOGADRO, rel=1e-15)
    assert constants.GAS_CONSTANT == pytest.approx(constants.BOLTZMANN * constants.AVOGADRO, rel=1e-15)


def test_constants_have_their_codata_2022_values() -> None:
    assert (constants.FARADAY, constants.GAS_CONSTANT) == (96485.33212331002, 8.31446261815324)
    assert (constants.VACUUM_PERMITTIVITY, constants.WATER_MOLAR_VOLUME) == (8.8541878188e-12, 1.8e-5)


def test_body_temperature_is_37_degrees() -> None:
    assert celsius(37) == constants.BODY_TEMPERATURE == 310.15
    assert celsius(25) == constants.ROOM_TEMPERATURE


@pytest.mark.parametrize(("t", "eps"), [(25.0, 78.36), (37.0, 74.2)])
def test_permittivity_of_water_falls_with_temperature(t: float, eps: float) -> None:
    assert solvent.permittivity(celsius(t)) == pytest.approx(eps, abs=0.05)


# millipascal seconds, the IAPWS values at 1 bar
@pytest.mark.parametrize(("t", "eta"), [(0.0, 1.792), (20.0, 1.002), (25.0, 0.8901), (37.0, 0.6913), (60.0, 0.4660), (100.0, 0.2818)])
def test_viscosity_of_water_agrees_with_the_tables(t: float, eta: float) -> None:
    # the correlation of 1978 and today's standard differ by up to 0.3 %
    assert 1e3 * solvent.viscosity(celsius(t)) == pytest.approx(eta, rel=4e-3)
