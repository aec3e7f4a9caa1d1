"""What may be shown of a declaration: words for a value that do not quote it, and texts without the
secrets in them.

Here: masking of URLs and of keys that are followed by a secret, and how a mistake names what it
found. Not here: which secrets a source has, where their values are known
(`dge_resources.sources.context`).

A declaration may hold a password anywhere, above all where it is mistaken. So masking takes too
much rather than too little, and only what is known to be harmless is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "***"
LONGEST_NAME = 60
LONGEST_FOUND = 40

_SCHEME = r"(?::|%3a)(?:/|%2f){2}"
_USER_INFORMATION = re.compile(rf"({_SCHEME}).*(?:@|%40)", re.IGNORECASE | re.DOTALL)
"""Up to the last @: a password may hold @, /, blanks and quotes, and what is lost besides is only
shown less.
"""
_QUERY_STRING = re.compile(rf"({_SCHEME}[^\s'\"?]*)\?[^\s'\"]+", re.IGNORECASE)

_WORDS = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|credentials?|authorization|bearer|cookie|signature|connection_?string"
    r"|(?:api|access|account|private|auth)[_-]?key|key_?id|identified\s+by"
)
_KEY = rf"""(?<![\w.-])(?:[\w.-]*(?:{_WORDS})[\w.-]*|pass|sig|sas)["'\]]*"""
_QUOTED = r"""'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.|"")*(?:"|$)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|$)"""
_NEXT = r"""\s+[\w.-]+\s*(?:=|%3d)|(?:['"]?\s*[;&,)}\]]|%26)(?=[\s;&,)}\]'"]|$|[\w.-]+\s*(?:=|:|%3d))|['"]?\s*$"""
"""Where a value without quotes ends: at the next key, or at a sign that something other than a
value comes after.
"""
_BARE = rf"""[^\s'"].*?(?={_NEXT})"""
_ASSIGNED = re.compile(
    rf"(?P<key>{_KEY})(?P<sign>\s*(?:=>|:=|=|:|%3d|%3a)\s*|\s+(?=['\"$]))(?P<value>{_QUOTED}|{_BARE})",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_FOUND = re.compile(r"(?:[\w\s.,+*/-]|(?<=\d):(?=\d))*")
"""Words, numbers, dates, times and cron lines; no URL, no key with a value."""


def mask_secrets(text: str) -> str:
    """Give `text` without the user information and query strings of URLs, and without what follows
    a secret's key.

    Keys are words such as password, token, secret and key_id, also as parts of names
    (`motherduck_token`), followed by `=`, `:`, their percent-encoded forms, or a quoted text
    (`SECRET 'x'`).

    >>> mask_secrets("postgresql://ann:pw@db/crash")
    'postgresql://***@db/crash'
    >>> mask_secrets("https://host/a.csv?sig=abc")
    'https://host/a.csv?...'
    >>> mask_secrets("CREATE SECRET (TYPE s3, SECRET 'it''s')")
    "CREATE SECRET (TYPE s3, SECRET ***)"
    """
    text = _USER_INFORMATION.sub(rf"\1{MASK}@", text)
    text = _QUERY_STRING.sub(r"\1?...", text)
    return _ASSIGNED.sub(rf"\g<key>\g<sign>{MASK}", text)


def secrets_in(text: str) -> list[str]:
    """Give the secrets that `mask_secrets` would mask, as they stand and without their quotes.

    For texts of others, which may quote a part of `text` where no key tells that a secret follows.
    """
    found = [match["value"] for match in _ASSIGNED.finditer(text)]
    found += [match[0].lstrip(":/")[:-1] for match in _USER_INFORMATION.finditer(text)]
    bare = [value.strip("'\"") for value in found]
    return [*found, *bare, *(value.replace("''", "'").replace("\\'", "'") for value in bare)]


def mask_url(url: str) -> str:
    """Give a text that is one URL, path or connection string as a whole, without its secrets.

    Other than in a text of many words, all that follows the first `?` is known to be its query
    string.

    >>> mask_url("md:crash?motherduck_token=a b")
    'md:crash?...'
    """
    masked = _USER_INFORMATION.sub(rf"\1{MASK}@", url)
    place, mark, _ = masked.partition("?")
    return mask_secrets(place) + (f"{mark}..." if mark else "")


def shown_name(name: object) -> str:
    """Give the name of a field or column as it stands where that is surely a name, else words for
    it.

    A URL that is written without `url:` before it is the key of a YAML mapping.
    """
    text = str(name)
    is_name = (
        len(text) <= LONGEST_NAME and not re.search(r"[:@=%]", text) and mask_secrets(text) == text
    )
    return text if is_name else f"(a name of {len(text)} characters, not shown)"


def found_words(value: object, *, quotes_text: bool = True) -> str:
    """Say what was found without giving away more than its kind: short plain texts and numbers.

    `quotes_text`: whether short plain texts are quoted, which is right where no secret is expected.
    """
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        is_plain = (
            quotes_text
            and len(value) <= LONGEST_FOUND
            and _PLAIN_FOUND.fullmatch(value) is not None
        )
        return repr(value) if is_plain else f"a text of {len(value)} characters"
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}" if value else "an empty mapping"
    if isinstance(value, list | tuple | set):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"
