"""The whole bank: importing the modules of defects fills the table."""

from mutants import (
    defects_of_access,
    defects_of_causes,
    defects_of_codes,
    defects_of_content,
    defects_of_later,
    defects_of_leaks,
    defects_of_life,
    defects_of_operations,
    defects_of_requests,
    defects_of_side_doors,
    defects_of_versions,
    defects_of_wire,
    defects_of_words,
)
from mutants.defects import MUTANTS, Mutant
from mutants.lawful import VARIANTS, Variant

__all__ = [
    "MUTANTS",
    "VARIANTS",
    "Mutant",
    "Variant",
    "defects_of_access",
    "defects_of_causes",
    "defects_of_codes",
    "defects_of_content",
    "defects_of_later",
    "defects_of_leaks",
    "defects_of_life",
    "defects_of_operations",
    "defects_of_requests",
    "defects_of_side_doors",
    "defects_of_versions",
    "defects_of_wire",
    "defects_of_words",
]
