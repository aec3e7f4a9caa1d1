"""What a declaration says of downstream models: which ones, and what is tried with them on a few
real rows.

Here: the two schemas, light to load. Not here: the forms of a model's name
(`declaration.model_names`), the models (`models`).
"""

from __future__ import annotations

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

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.declaration.checks import checked
from dge_assets.core.declaration.model_names import require_installed, require_model_name

MODEL_CHECK = "model_check"
"""The key of pydantic's validation context under which a function stands that raises
DeclarationError for a model's name that cannot be used. Making a model takes scikit-learn, which
this module may not import."""


def _usable_model(name: str, information: ValidationInfo) -> str:
    """`name`, when it can be used here.

    Without a check in the context nothing is imported and its form is enough.
    """
    require_installed(name)
    return checked(name, MODEL_CHECK, information)


_MODEL_FORMS = {
    "anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]
}
DownstreamModel = Annotated[
    str,
    BeforeValidator(require_model_name),
    AfterValidator(_usable_model),
    WithJsonSchema(_MODEL_FORMS),
]
"""A downstream model as its one text, from whatever form it was declared in."""


class AugmentationDeclaration(ClosedModel):
    """Whether adding synthetic rows to a few real rows pays: which models are tried, and on what.

    Off without models.
    """

    models: tuple[DownstreamModel, ...] = Field(
        (), description="downstream models to try; without any, the table is empty"
    )
    real_rows: tuple[PositiveInt, ...] = Field(
        (100, 300, 1000), min_length=1, description="sizes of the real samples"
    )
    repeats: int = Field(5, ge=2, le=1000, description="samples of each size, for the intervals")
    weights: tuple[PositiveFloat, ...] = Field(
        (1.0,),
        min_length=1,
        description="weights to try for a synthetic row, where a real row has weight 1",
    )

    @field_validator("real_rows", "weights")
    @classmethod
    def _names_none_twice(cls, numbers: tuple[float, ...]) -> tuple[float, ...]:
        """A size that is named twice would count the same fits as further repeats."""
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"names a number twice, found {list(numbers)}; name each once")
        return numbers
