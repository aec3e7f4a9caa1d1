"""The CTGAN trainer: K members, one step at a time (Xu et al. 2019, arXiv 1907.00503; `ctgan`
0.12).

As in the package, a step updates the discriminator on fake and real rows that share a condition,
then the generator by the adversarial loss plus the cross entropy of the conditioned column. Unlike
there, nothing flows back through the generator while the discriminator learns, since that is thrown
away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from dge_assets.core.generators.encoding.encoded_table import EncodedTable, RowWriter
from dge_assets.core.generators.stacked.activation import TEMPERATURE, Activation
from dge_assets.core.generators.stacked.conditions import (
    ConditionSampler,
    RowsByCondition,
    level_probabilities,
)
from dge_assets.core.generators.stacked.critic import KEPT, Critic, CriticLosses
from dge_assets.core.generators.stacked.parameters import CTGANParameters
from dge_assets.core.generators.stacked.residual import ResidualGenerator
from dge_assets.core.generators.stacked.stack import AdamState, Arrays
from dge_assets.core.generators.stacked.streams import Streams

BETAS = (0.5, 0.9)


class CTGANTrainer:
    """Trains K members on one encoded table; `seeds` has one stream for each."""

    def __init__(
        self,
        table: EncodedTable,
        parameters: CTGANParameters,
        seeds: Sequence[np.random.SeedSequence],
        *,
        device: str = "cpu",
    ) -> None:
        self.parameters, self.layout, self._device = parameters, table.layout, device
        self.K, self._rows, self._table_rows = len(seeds), parameters.batch_size, len(table)
        self._packs = self._rows // parameters.pac
        self._streams = Streams(seeds, device=device)
        layout, width = table.layout, table.layout.columns + table.layout.conditions
        self.generator = ResidualGenerator(
            parameters.embedding_dim + layout.conditions,
            parameters.generator_dim,
            layout.columns,
            K=self.K,
            device=device,
        )
        self.critic = Critic(
            width * parameters.pac, parameters.discriminator_dim, K=self.K, device=device
        )
        for network in (self.generator, self.critic):
            network.initialize(self._streams.uniform)
        self._optimizers = {
            "generator": AdamState(
                self.generator.stack,
                lr=parameters.generator_lr,
                betas=BETAS,
                weight_decay=parameters.generator_decay,
            ),
            "critic": AdamState(
                self.critic.stack,
                lr=parameters.discriminator_lr,
                betas=BETAS,
                weight_decay=parameters.discriminator_decay,
            ),
        }
        self._activation = Activation(layout, device=device)
        self._writer = RowWriter(table, device=device)
        self._conditional = layout.conditions > 0
        self._conditions = ConditionSampler(
            level_probabilities(table, log_frequency=parameters.log_frequency), device=device
        )
        self._rows_by_condition = RowsByCondition(table, device=device)
        self._make_buffers(width)

    def _make_buffers(self, width: int) -> None:
        K, rows, packs, layout = self.K, self._rows, self._packs, self.layout

        def room(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
            return torch.zeros(K, *shape, dtype=dtype, device=self._device)

        # Fake rows, real rows, and room for the gradient by the interpolated ones; three batches of
        # rows or packs.
        self._packed = room(3 * packs, width * self.parameters.pac)
        self._batches = self._packed.view(K, 3 * rows, width)
        self._fake, self._real = self._batches[:, :rows], self._batches[:, rows : 2 * rows]
        self._layers = self.generator.buffer(rows)
        self._noise = room(rows, self.parameters.embedding_dim)
        self._uniform = room(layout.columns, rows)
        self._choices = room(4, rows, dtype=torch.float64)
        self._mix = room(packs, 1)
        # One random byte a unit, of which the lowest bit serves; 8 of them are drawn at once.
        self._bits = room(
            -(-3 * packs * sum(self.parameters.discriminator_dim) // 8), dtype=torch.int64
        )
        # A condition's place (0 to C - 1) tells its encoded column, and which columns share its
        # span.
        columns = torch.as_tensor(layout.condition_columns, device=self._device)
        spans = torch.as_tensor(layout.span_of_column, device=self._device)
        self._column_of = columns
        self._outside = (spans.unsqueeze(1) != spans[columns]) if self._conditional else None

    @property
    def steps_per_epoch(self) -> int:
        """As many batches as the rows fill, at least one."""
        return max(self._table_rows // self._rows, 1)

    def epoch(self) -> dict[str, torch.Tensor]:
        """One epoch of all members; the losses (K,) of its last step, as the package reports them."""
        for _ in range(self.steps_per_epoch):
            for _ in range(self.parameters.discriminator_steps):
                critic = self.critic_step()
            generator = self.generator_step()
        return {"generator_loss": generator, "discriminator_loss": critic.loss}

    def critic_step(self) -> CriticLosses:
        """One update of the discriminators."""
        conditions, order = self._draw()
        fake = self._activation.forward(self.generator.forward(self._layers), self._uniform)
        self._fake[:, :, : self.layout.columns] = fake.transpose(1, 2)
        self._real.zero_()
        self._writer.write(self._draw_rows(conditions, order), self._real)
        if conditions is not None:
            self._write_condition(conditions, self._fake)
            self._write_condition(conditions.gather(1, order), self._real)
        self._streams.uniform(self._mix)
        losses = self.critic.compute_gradients(
            self._packed, self._mix, self._draw_masks(3 * self._packs)
        )
        self._optimizers["critic"].step()
        return losses

    def generator_step(self) -> torch.Tensor:
        """One update of the generators; their loss (K,)."""
        conditions, _ = self._draw()
        logits = self.generator.forward(self._layers)
        fake = self._activation.forward(logits, self._uniform)
        self._fake[:, :, : self.layout.columns] = fake.transpose(1, 2)
        if conditions is not None:
            self._write_condition(conditions, self._fake)
        packs = self._packed[:, : self._packs]
        loss, by_packs = self.critic.gradient_of_input(packs, self._draw_masks(self._packs))
        by_fake = (
            by_packs.view_as(self._fake)[:, :, : self.layout.columns].transpose(1, 2).contiguous()
        )
        by_logits = self._activation.backward(fake, by_fake, temperature=TEMPERATURE)
        if conditions is not None:
            loss = loss + self._add_condition_loss(logits, conditions, by_logits)
        self.generator.backward(self._layers, by_logits)
        self._optimizers["generator"].step()
        return loss

    def _draw(self) -> tuple[torch.Tensor | None, torch.Tensor]:
        """Fresh noise and conditions for the generator's input; the conditions (K, B), and an order
        of the rows.
        """
        self._streams.normal(self._noise)
        self._streams.uniform(self._uniform)
        self._streams.uniform(self._choices)
        conditions = (
            self._conditions.draw(self._choices[:, 0], self._choices[:, 1])
            if self._conditional
            else None
        )
        self.generator.write_input(self._layers, self._noise, conditions)
        return conditions, self._choices[:, 2].argsort(1)

    def _draw_rows(self, conditions: torch.Tensor | None, order: torch.Tensor) -> torch.Tensor:
        """Rows of the table (K, B) that meet the conditions, in another order than the fake ones."""
        if conditions is None:
            return (self._choices[:, 3] * self._table_rows).long()
        return self._rows_by_condition.draw(conditions.gather(1, order), self._choices[:, 3])

    def _write_condition(self, conditions: torch.Tensor, rows: torch.Tensor) -> None:
        rows[:, :, self.layout.columns :].zero_().scatter_(2, conditions.unsqueeze(2), 1.0)

    def _draw_masks(self, rows: int) -> list[torch.Tensor]:
        """Dropout masks of 0 and 1/KEPT per hidden layer (K, rows, units)."""
        units = self.parameters.discriminator_dim
        size = rows * sum(units)
        drawn = self._bits[:, : -(-size // 8)]
        self._streams.bits(drawn)
        kept = drawn.view(torch.uint8)[:, :size].bitwise_and(1).float().mul_(1 / KEPT)
        return [
            part.unflatten(1, (rows, -1)) for part in kept.split([rows * each for each in units], 1)
        ]

    def _add_condition_loss(
        self, logits: torch.Tensor, conditions: torch.Tensor, by_logits: torch.Tensor
    ) -> torch.Tensor:
        """Cross entropy of the conditioned column, averaged over the batch (K,); its gradient is
        added.
        """
        assert self._outside is not None
        chosen = self._column_of[conditions].unsqueeze(1)
        outside = self._outside[:, conditions].transpose(0, 1)
        log_shares = torch.log_softmax(logits.masked_fill(outside, -torch.inf), 1)
        loss = -log_shares.gather(1, chosen).mean((1, 2))
        shares = log_shares.exp_()
        shares.scatter_add_(1, chosen, torch.full_like(chosen, -1, dtype=shares.dtype))
        by_logits.add_(shares, alpha=1 / self._rows)
        return loss

    def export(self, member: int) -> Arrays:
        """The member's generator, as `ctgan` names it."""
        return self.generator.export(member)

    def state(self, member: int) -> Arrays:
        """All that going on from here needs."""
        parts: dict[str, Arrays] = {
            "generator": self.generator.export(member),
            "critic": self.critic.stack.export(member),
            **{
                f"adam.{name}": optimizer.export(member)
                for name, optimizer in self._optimizers.items()
            },
            "stream": {"state": self._streams.export(member)},
        }
        return {
            f"{part}/{name}": value
            for part, arrays in parts.items()
            for name, value in arrays.items()
        }

    def load_state(self, member: int, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""

        def part(prefix: str) -> Arrays:
            return {
                name.split("/", 1)[1]: v
                for name, v in state.items()
                if name.startswith(f"{prefix}/")
            }

        self.generator.load(member, part("generator"))
        self.critic.stack.load(member, part("critic"))
        for name, optimizer in self._optimizers.items():
            optimizer.load(member, part(f"adam.{name}"))
        self._streams.load(member, part("stream")["state"])
