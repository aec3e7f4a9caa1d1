"""What a declaration says of downstream models: which ones, and what is tried with them on a few real rows.

Here: the two schemas, light to load. Not here: the forms of a model's name (`catalog`), the models (`models`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from dge_assets.core.catalog import require_allowed_module, require_installed, require_model_name
from dge_assets.core.closed_model import ClosedModel
from dge_assets.core.errors import DeclarationError

MODEL_MODULES = "model_modules"
"""The key of pydantic's validation context under which the modules stand that a model's class may come from."""


def require_usable_model(name: str, modules: Sequence[str]) -> None:
    """DeclarationError when the model `name` cannot be made here, or would be imported from outside `modules`.

    Importing a module runs it, so nothing is imported before its name is found to be allowed. Only import paths cost the
    import of scikit-learn.
    """
    if ":" in name:
        require_allowed_module(name, modules)
        from dge_assets.core.models import model_card

        model_card(name)


def _usable_model(name: str, information: ValidationInfo) -> str:
    """`name`, when it can be made here. Without a list of allowed modules nothing is imported and its form is enough."""
    require_installed(name)
    modules = (information.context or {}).get(MODEL_MODULES)
    if modules is None:
        return name
    try:
        require_usable_model(name, modules)
    except DeclarationError as error:
        reason = str(error)
    else:
        return name
    raise ValueError(reason)


_MODEL_FORMS = {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]}
DownstreamModel = Annotated[
    str, BeforeValidator(require_model_name), AfterValidator(_usable_model), WithJsonSchema(_MODEL_FORMS)
]
"""A downstream model as its one text, from whatever form it was declared in."""


class AugmentationDeclaration(ClosedModel):
    """Whether adding synthetic rows to a few real rows pays: which models are tried, and on what. Off without models."""

    models: tuple[DownstreamModel, ...] = Field((), description="downstream models to try; none: the table is empty")
    real_rows: tuple[PositiveInt, ...] = Field((100, 300, 1000), min_length=1, description="sizes of the real samples")
    repeats: int = Field(5, ge=2, le=1000, description="samples of each size, for the intervals")
    weights: tuple[PositiveFloat, ...] = Field(
        (1.0,), min_length=1, description="what a synthetic row counts beside a real row's 1"
    )

    @field_validator("real_rows", "weights")
    @classmethod
    def _names_none_twice(cls, numbers: tuple[float, ...]) -> tuple[float, ...]:
        """A size that is named twice would count the same fits as further repeats."""
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"names a number twice, found {list(numbers)}; name each once")
        return numbers
