"""Mistakes in a declaration as people read them.

Here: what pydantic found, told by field and without secrets. Not here: what is a mistake (the
schemas), which words may be shown (`contract.masking`).
"""

from __future__ import annotations

from pydantic import ValidationError

from dge_assets.core.contract.masking import found_words, mask_secrets, shown_name


def error_lines(error: ValidationError) -> list[str]:
    """One line per mistake: the field, what is wrong and allowed, and what was found, as far as
    that is surely no secret.

    Below `source` no text is quoted. Chain nothing to an error that says these lines: pydantic's
    own message quotes all.
    """
    return [
        _error_line(item["loc"], item["type"], item["msg"], item["input"])
        for item in error.errors()
    ]


def _error_line(place: tuple[int | str, ...], kind: str, message: str, found: object) -> str:
    field = ".".join(shown_name(part) for part in place)
    told = mask_secrets(message.removeprefix("Value error, "))
    says_all = kind in ("value_error", "missing", "union_tag_not_found")
    shown = "" if says_all else f"; found {found_words(found, quotes_text='source' not in place)}"
    return f"{field}: {told}{shown}" if field else told + shown
