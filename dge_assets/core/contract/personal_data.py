"""Personal data in texts: what names or reaches a person, found by its form and, where it has one,
its checksum.

Here: which kinds are looked for and how. Found by form: e-mail addresses, web addresses, phone
numbers (international, North American, and national ones with a leading 0), IBANs (checksum),
payment cards (Luhn's), national ids of the United States, the United Kingdom, Spain (check letter),
Italy and France (checksum), IP addresses, and names after a title (Dr., Mrs., Herr, ...). By the
column's own name: names of people. Names elsewhere in free text are not looked for: no light
library finds them well, and a free text is no category anyway (`text_kinds.py`). Not here: what
follows from a find (`contract.completion`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dge_assets.core.contract.disclosure import PersonalData

WORDS: dict[PersonalData, str] = {
    "email": "e-mail addresses",
    "url": "web addresses",
    "phone": "phone numbers",
    "iban": "account numbers (IBAN)",
    "card": "payment card numbers",
    "national_id": "national ids",
    "ip": "IP addresses",
    "name": "names of people",
}
MOSTLY = 0.5
"""Forms that other things have too count from this share of a column's different values on."""
_TITLES = "Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Herr|Frau|Mme|Mlle|Monsieur|Madame|Sig|Sra|Señor|Señora"
_NAME_COLUMN = re.compile(
    r"((first|last|middle|given|family|full|birth|maiden|person|patient|customer|client|employee|user)[ _.-]?name|name|"
    r"surname|forename|nachname|vorname|prénom|prenom|nombre|apellidos?|cognome)s?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Form:
    """How one kind is written: what to search, what a find must fulfil, and whether one find is
    enough.
    """

    kind: PersonalData
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = bool
    is_sure: bool = True


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def _is_card(text: str) -> bool:
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])
    return (
        13 <= len(digits) <= 19
        and len(set(digits)) > 1
        and (sum(digits[::-2]) + sum(doubled)) % 10 == 0
    )


def _is_dni(text: str) -> bool:
    number = int(text[:-1].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == text[-1]


def _is_nir(text: str) -> bool:
    digits = "".join(sign for sign in text if sign.isdigit())
    return len(digits) == 15 and 97 - int(digits[:13]) % 97 == int(digits[13:])


def _is_ip(text: str) -> bool:
    return all(int(part) < 256 for part in text.split("."))


_FORMS = (
    _Form("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")),
    _Form("url", re.compile(r"\b(?:https?://|www\.)[\w-]+\.[\w-]", re.IGNORECASE)),
    _Form("phone", re.compile(r"(?<![\w+])\+[1-9][0-9]{0,2}(?:[ ()./-]{0,2}[0-9]){6,13}(?![0-9])")),
    _Form(
        "phone",
        re.compile(
            r"(?<![\w-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4}(?![\w-])"
        ),
    ),
    _Form(
        "phone",
        re.compile(r"^0[1-9][0-9]{1,4}[ /-]?[0-9]{3,4}[ -]?[0-9]{2,5}$", re.MULTILINE),
        is_sure=False,
    ),
    _Form(
        "iban",
        re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        _is_iban,
    ),
    _Form(
        "card", re.compile(r"(?<![\w.-])[2-6][0-9]{3}(?:[ -]?[0-9]{2,6}){2,4}(?![\w-])"), _is_card
    ),
    _Form(
        "national_id",
        re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])"),
    ),
    _Form(
        "national_id",
        re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:[0-9]{2} ?){3}[A-D]\b"),
    ),
    _Form("national_id", re.compile(r"\b[0-9XYZ][0-9]{7}[A-HJ-NP-TV-Z]\b"), _is_dni),
    _Form("national_id", re.compile(r"\b[A-Z]{6}[0-9]{2}[A-EHLMPR-T][0-9]{2}[A-Z][0-9]{3}[A-Z]\b")),
    _Form(
        "national_id",
        re.compile(r"\b[12] ?[0-9]{2} ?[01][0-9] ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}\b"),
        _is_nir,
    ),
    _Form(
        "ip", re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])"), _is_ip, is_sure=False
    ),
    _Form("name", re.compile(rf"\b(?:{_TITLES})\.? [A-ZÀ-Þ][a-zß-ÿ'’-]+")),
)


def personal_data(column: str, texts: Iterable[str]) -> list[PersonalData]:
    """The kinds of personal data that `texts` (a column's different values) hold, or that its name
    promises.

    One sure find is enough; of forms that other things have too, half of the values must have them.
    """
    values = [text.replace("\n", " ") for text in texts]
    joined = "\n".join(values)
    found = {form.kind for form in _FORMS if _occurs(form, joined, len(values))}
    if values and _NAME_COLUMN.fullmatch(column.strip()):
        found.add("name")
    return [kind for kind in WORDS if kind in found]


def _occurs(form: _Form, joined: str, values: int) -> bool:
    finds = (form.holds(find.group()) for find in form.pattern.finditer(joined))
    return any(finds) if form.is_sure else sum(finds) >= max(MOSTLY * values, 1)


def are_card_numbers(numbers: Iterable[object]) -> bool:
    """Whether whole numbers are payment cards': at least half of them, as of any others one in ten
    would pass by chance.
    """
    different = [str(number).removesuffix(".0") for number in numbers]
    return bool(different) and sum(map(_is_card, different)) >= MOSTLY * len(different)
