"""Ions at cell membranes: pumps against leaks, volume, voltage and energy, with one sign convention.

>>> import ionflux as ifx
>>> from ionflux import Na, K, Cl
>>> from ionflux.units import mV, mM, um, hour

Everything public is here. Names are loaded when they are first used (PEP 562), so that importing ionflux costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from ._config import get_include as get_include
    from ._config import show_config as show_config
    from .activities import activity_coefficient as activity_coefficient
    from .activities import bjerrum_length as bjerrum_length
    from .activities import debye_length as debye_length
    from .activities import ionic_strength as ionic_strength
    from .activities import water_permittivity as water_permittivity
    from .baths import Bath as Bath
    from .baths import Impermeant as Impermeant
    from .cells import Cell as Cell
    from .cells import Constants as Constants
    from .cells import Pool as Pool
    from .cells import Slaved as Slaved
    from .cells import Store as Store
    from .comparison import compare_levels as compare_levels
    from .conditions import hyperkalaemia as hyperkalaemia
    from .conditions import ischaemia as ischaemia
    from .conditions import mitochondrial_deficit as mitochondrial_deficit
    from .conditions import ouabain as ouabain
    from .double_layers import ChargedBilayer as ChargedBilayer
    from .double_layers import DoubleLayer as DoubleLayer
    from .double_layers import charged_bilayer as charged_bilayer
    from .double_layers import double_layer as double_layer
    from .double_layers import gating_shift as gating_shift
    from .electrochem import bernoulli as bernoulli
    from .electrochem import born_energy as born_energy
    from .electrochem import chord_voltage as chord_voltage
    from .electrochem import driving_force as driving_force
    from .electrochem import electrochemical_difference as electrochemical_difference
    from .electrochem import ions_in as ions_in
    from .electrochem import membrane_charge as membrane_charge
    from .electrochem import nernst as nernst
    from .electrochem import permeability_ratio as permeability_ratio
    from .errors import ConvergenceError as ConvergenceError
    from .errors import ElectroneutralityError as ElectroneutralityError
    from .errors import InputError as InputError
    from .errors import Interrupted as Interrupted
    from .errors import IonfluxError as IonfluxError
    from .errors import IonfluxWarning as IonfluxWarning
    from .errors import MissingExtra as MissingExtra
    from .errors import ModelError as ModelError
    from .errors import NoClosedForm as NoClosedForm
    from .errors import NonFiniteError as NonFiniteError
    from .errors import NoSteadyState as NoSteadyState
    from .errors import NotNeutralWarning as NotNeutralWarning
    from .errors import ScenarioError as ScenarioError
    from .errors import ShapeError as ShapeError
    from .errors import SolveError as SolveError
    from .errors import Status as Status
    from .errors import StepSizeError as StepSizeError
    from .errors import StorageError as StorageError
    from .errors import UnitRangeError as UnitRangeError
    from .errors import UnknownNameError as UnknownNameError
    from .evaluation import IV as IV
    from .evaluation import Evaluation as Evaluation
    from .events import Crossing as Crossing
    from .events import Event as Event
    from .events import crosses as crosses
    from .fields import Parameter as Parameter
    from .files import load as load
    from .flux_tables import FluxTable as FluxTable
    from .folds import Fold as Fold
    from .ghk import ghk_conductance as ghk_conductance
    from .ghk import ghk_current as ghk_current
    from .ghk import ghk_flux as ghk_flux
    from .ghk import ghk_membrane as ghk_membrane
    from .ghk import ghk_voltage as ghk_voltage
    from .ghk import unidirectional_fluxes as unidirectional_fluxes
    from .iv_curves import IVCurve as IVCurve
    from .iv_curves import pnp_iv as pnp_iv
    from .junctions import donnan as donnan
    from .junctions import liquid_junction as liquid_junction
    from .junctions import teorell_meyer_sievers as teorell_meyer_sievers
    from .levels import Level as Level
    from .levels import Levels as Levels
    from .mechanisms import AE as AE
    from .mechanisms import AMPA as AMPA
    from .mechanisms import EAAT as EAAT
    from .mechanisms import GABA_A as GABA_A
    from .mechanisms import GABA_B as GABA_B
    from .mechanisms import HHK as HHK
    from .mechanisms import K2P as K2P
    from .mechanisms import KCC2 as KCC2
    from .mechanisms import NBC as NBC
    from .mechanisms import NCX as NCX
    from .mechanisms import NHE as NHE
    from .mechanisms import NKCC1 as NKCC1
    from .mechanisms import NMDA as NMDA
    from .mechanisms import PMCA as PMCA
    from .mechanisms import SERCA as SERCA
    from .mechanisms import ATPNaKATPase as ATPNaKATPase
    from .mechanisms import ATPSupply as ATPSupply
    from .mechanisms import ATPUse as ATPUse
    from .mechanisms import AverageFiring as AverageFiring
    from .mechanisms import BathExchange as BathExchange
    from .mechanisms import Buffer as Buffer
    from .mechanisms import CaBuffer as CaBuffer
    from .mechanisms import Channel as Channel
    from .mechanisms import ConstantNaKATPase as ConstantNaKATPase
    from .mechanisms import CubicNaKATPase as CubicNaKATPase
    from .mechanisms import CurrentClamp as CurrentClamp
    from .mechanisms import CyclePump as CyclePump
    from .mechanisms import Gate as Gate
    from .mechanisms import GatedNKCC1 as GatedNKCC1
    from .mechanisms import GlialBuffer as GlialBuffer
    from .mechanisms import GlialUptake as GlialUptake
    from .mechanisms import HamadaNaKATPase as HamadaNaKATPase
    from .mechanisms import HATPase as HATPase
    from .mechanisms import HHNa as HHNa
    from .mechanisms import HillNaKATPase as HillNaKATPase
    from .mechanisms import Kir as Kir
    from .mechanisms import KirBoltzmann as KirBoltzmann
    from .mechanisms import Law as Law
    from .mechanisms import Leak as Leak
    from .mechanisms import LinearNaKATPase as LinearNaKATPase
    from .mechanisms import LuoRudyNaKATPase as LuoRudyNaKATPase
    from .mechanisms import LuoRudyNCX as LuoRudyNCX
    from .mechanisms import MassActionKCC2 as MassActionKCC2
    from .mechanisms import MassActionNKCC1 as MassActionNKCC1
    from .mechanisms import Mechanism as Mechanism
    from .mechanisms import NaKATPase as NaKATPase
    from .mechanisms import Rate as Rate
    from .mechanisms import SigmoidNaKATPase as SigmoidNaKATPase
    from .mechanisms import StoreLeak as StoreLeak
    from .mechanisms import Synapse as Synapse
    from .mechanisms import VoltageClamp as VoltageClamp
    from .mechanisms import Water as Water
    from .membranes import Layer as Layer
    from .membranes import Membrane1D as Membrane1D
    from .noise import Flicker as Flicker
    from .noise import flicker as flicker
    from .noise import fluctuating as fluctuating
    from .pitzer_equations import PitzerParameters as PitzerParameters
    from .pitzer_equations import pitzer as pitzer
    from .planck import electroneutral as electroneutral
    from .poisson import pnp as pnp
    from .prescribed import nernst_planck as nernst_planck
    from .preset_library import preset as preset
    from .preset_library import presets as presets
    from .profile_runs import ProfileRun as ProfileRun
    from .profiles import Profile as Profile
    from .rests import ClosedForm as ClosedForm
    from .rests import SteadyState as SteadyState
    from .results import Trajectory as Trajectory
    from .scenarios import Scenario as Scenario
    from .scenarios import from_toml as from_toml
    from .scenarios import to_toml as to_toml
    from .schedules import pulse as pulse
    from .schedules import ramp as ramp
    from .schedules import step as step
    from .schedules import table as table
    from .schedules import train as train
    from .sensitivities import Sensitivity as Sensitivity
    from .small_signals import impedance as impedance
    from .species import F_ as F_
    from .species import HCO3 as HCO3
    from .species import I_ as I_
    from .species import NH4 as NH4
    from .species import NO3 as NO3
    from .species import OH as OH
    from .species import SO4 as SO4
    from .species import TMA as TMA
    from .species import Ba as Ba
    from .species import Br as Br
    from .species import Ca as Ca
    from .species import Choline as Choline
    from .species import Cl as Cl
    from .species import Cs as Cs
    from .species import Gluconate as Gluconate
    from .species import Glutamate as Glutamate
    from .species import H as H
    from .species import IonSpecies as IonSpecies
    from .species import K as K
    from .species import Li as Li
    from .species import Mg as Mg
    from .species import Na as Na
    from .species import Rb as Rb
    from .species import Sr as Sr
    from .spectra import Impedance as Impedance
    from .surfaces import ChargedSurface as ChargedSurface
    from .surfaces import SurfaceGroup as SurfaceGroup
    from .sweeps import Sweep as Sweep
    from .sweeps import sweep as sweep
    from .transients import pnp_transient as pnp_transient
    from .transients import time_scales as time_scales
    from .units import *  # noqa: F403

#: where each public name lives; the imports above say the same to type checkers
_HOMES = {
    "_config": "get_include show_config",
    "activities": "activity_coefficient bjerrum_length debye_length ionic_strength water_permittivity",
    "baths": "Bath Impermeant",
    "cells": "Cell Constants Pool Slaved Store",
    "electrochem": "bernoulli born_energy chord_voltage driving_force electrochemical_difference ions_in membrane_charge "
    "nernst permeability_ratio",
    "comparison": "compare_levels",
    "conditions": "hyperkalaemia ischaemia mitochondrial_deficit ouabain",
    "noise": "Flicker flicker fluctuating",
    "double_layers": "ChargedBilayer DoubleLayer charged_bilayer double_layer gating_shift",
    "errors": "ConvergenceError ElectroneutralityError InputError Interrupted IonfluxError IonfluxWarning MissingExtra "
    "ModelError NoClosedForm NonFiniteError NoSteadyState NotNeutralWarning ScenarioError ShapeError "
    "SolveError Status StepSizeError StorageError UnitRangeError UnknownNameError",
    "evaluation": "IV Evaluation",
    "events": "Crossing Event crosses",
    "fields": "Parameter",
    "files": "load",
    "flux_tables": "FluxTable",
    "ghk": "ghk_conductance ghk_current ghk_flux ghk_membrane ghk_voltage unidirectional_fluxes",
    "mechanisms": "AE AMPA ATPNaKATPase ATPSupply ATPUse AverageFiring BathExchange Buffer CaBuffer Channel ConstantNaKATPase "
    "CubicNaKATPase CurrentClamp CyclePump EAAT GABA_A GABA_B Gate GatedNKCC1 GlialBuffer GlialUptake HATPase "
    "HHK HHNa HamadaNaKATPase HillNaKATPase K2P KCC2 Kir KirBoltzmann Law Leak LinearNaKATPase LuoRudyNCX "
    "LuoRudyNaKATPase MassActionKCC2 MassActionNKCC1 Mechanism NBC NCX NHE NKCC1 NMDA NaKATPase PMCA Rate "
    "SERCA SigmoidNaKATPase StoreLeak Synapse VoltageClamp Water",
    "levels": "Level Levels",
    "junctions": "donnan liquid_junction teorell_meyer_sievers",
    "membranes": "Layer Membrane1D",
    "pitzer_equations": "PitzerParameters pitzer",
    "preset_library": "preset presets",
    "folds": "Fold",
    "iv_curves": "IVCurve pnp_iv",
    "planck": "electroneutral",
    "poisson": "pnp",
    "prescribed": "nernst_planck",
    "profile_runs": "ProfileRun",
    "profiles": "Profile",
    "sensitivities": "Sensitivity",
    "rests": "ClosedForm SteadyState",
    "results": "Trajectory",
    "scenarios": "Scenario from_toml to_toml",
    "schedules": "pulse ramp step table train",
    "small_signals": "impedance",
    "spectra": "Impedance",
    "species": "IonSpecies Na K Cl Ca Mg H OH HCO3 Li Rb Cs Ba Sr NH4 SO4 Br I_ F_ NO3 TMA Choline Gluconate Glutamate",
    "surfaces": "ChargedSurface SurfaceGroup",
    "sweeps": "Sweep sweep",
    "transients": "pnp_transient time_scales",
    "units": "celsius",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    from importlib import import_module

    home = _HOME.get(name)
    if home is None:
        units = import_module("ionflux.units")
        if name not in units.__all__:  # multipliers are here too, but `from ionflux import *` does not bring them
            raise AttributeError(f"module 'ionflux' has no attribute {name!r}")
        home = "units"
    value = getattr(import_module(f"ionflux.{home}"), name)
    globals()[name] = value  # found once is found for good
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
