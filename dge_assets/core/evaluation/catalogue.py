"""The catalogue: the cards of all evaluation tables, in the order in which the report shows them.

Whatever lists evaluation tables asks here. Not here: what a card says (`cards.table_card`), the
cards themselves (`cards` in the room of what makes the table).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dge_assets.core.augmentation.cards import CARDS as AUGMENTATION
from dge_assets.core.cards.table_card import Part, TableCard
from dge_assets.core.ensemble.cards import CARDS as ENSEMBLE
from dge_assets.core.errors import EvaluationError
from dge_assets.core.evaluation.cards import EVALUATION, EVALUATION_NOTES
from dge_assets.core.groups.cards import CARDS as GROUPS
from dge_assets.core.scores.cards import CARDS as SCORES
from dge_assets.core.statistics.cards import CARDS as STATISTICS
from dge_assets.core.uncertainty.cards import CARDS as UNCERTAINTY


@dataclass(frozen=True)
class Catalogue:
    """The cards of the evaluation tables of a line; the first is the index of the others.

    EvaluationError for two cards of one name.
    """

    cards: tuple[TableCard, ...]

    def __post_init__(self) -> None:
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise EvaluationError(f"evaluation tables {twice} have two cards each: rename one")

    def __iter__(self) -> Iterator[TableCard]:
        return iter(self.cards)

    def __getitem__(self, name: str) -> TableCard:
        """The card of the table `name`; EvaluationError where there is none."""
        for card in self.cards:
            if card.name == name:
                return card
        raise EvaluationError(f"no evaluation table {name!r}; there are {list(self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tables."""
        return tuple(card.name for card in self.cards)

    @property
    def index(self) -> TableCard:
        """The evaluation as one asset: what all of its tables hang on, and the list of them."""
        return self.cards[0]

    @property
    def released(self) -> tuple[TableCard, ...]:
        """The tables that each release carries."""
        return tuple(card for card in self.cards if card.released)

    def made_per(self, part: Part) -> tuple[TableCard, ...]:
        """The tables whose makers see one such part of the evaluation at a time."""
        return tuple(card for card in self.cards if card.per == part)

    def with_cards(self, *cards: TableCard) -> Catalogue:
        """A catalogue that has these cards too."""
        return Catalogue((*self.cards, *cards))


CATALOGUE = Catalogue(
    (
        EVALUATION,
        *SCORES,
        *GROUPS,
        *AUGMENTATION,
        *ENSEMBLE,
        *UNCERTAINTY,
        *STATISTICS,
        EVALUATION_NOTES,
    )
)
"""The evaluation tables of every line."""
