"""Checks of a declaration that take what the core may not import: whoever validates passes them in.

Here: asking one. Not here: the checks (`dge_assets.declarations`).
"""

from __future__ import annotations

from pydantic import ValidationInfo

from dge_assets.core.errors import DeclarationError


def checked(value: str, key: str, information: ValidationInfo) -> str:
    """`value`, after the check under `key` of the validation's context; without one its form is
    enough.

    The check raises DeclarationError, which becomes the field's ValueError.
    """
    check = (information.context or {}).get(key)
    if check is None:
        return value
    try:
        check(value)
    except DeclarationError as error:
        reason = str(error)
    else:
        return value
    raise ValueError(reason)  # outside the handler: no traceback shows what the check quotes
