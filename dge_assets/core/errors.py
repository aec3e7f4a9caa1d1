"""The errors that people meet, one class per place where they can be mended.

Every message names the place (table, column, field, file), what was found, and how to mend it.
An exception that is not a `DgeError` is a defect of this program, not of somebody's input.
"""

from __future__ import annotations


class DgeError(Exception):
    """Base of every error that a user can mend."""


class DeclarationError(DgeError):
    """A table's declaration (`defs.yaml`) asks for something that cannot be."""


class ContractError(DgeError):
    """A table and its contract do not fit each other."""


class SourceError(DgeError):
    """A source cannot be read: missing file, unreachable URL, failing query, empty table."""


class EvaluationError(DgeError):
    """A model cannot be fitted or a score cannot be computed on what was given."""


class GeneratorError(DgeError):
    """A generator cannot be trained, stored, loaded or sampled."""


class StorageError(DgeError):
    """What is stored is missing, damaged, or not what its record says."""


class ProvenanceError(StorageError):
    """What is stored was made from other parents than the ones expected."""


class ReleaseError(DgeError):
    """A release cannot be made, signed off or read."""
