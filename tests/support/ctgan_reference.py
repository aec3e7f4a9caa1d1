"""One step of the `ctgan` package's CTGAN, with its own modules and losses, from the random numbers
that ours drew.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from ctgan.data_transformer import SpanInfo
from ctgan.synthesizers.ctgan import CTGAN, Discriminator, Generator

from dge_assets.core.generators.stacked.activation import gumbel_
from dge_assets.core.generators.stacked.ctgan import BETAS, CTGANTrainer
from dge_assets.core.generators.stacked.stack import AdamState
from tests.support.stacked import Columns


class FixedDropout(torch.nn.Module):
    """Dropout with masks given before, one for each call."""

    def __init__(self) -> None:
        super().__init__()
        self.masks: list[torch.Tensor] = []

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows * self.masks.pop(0)


class ReferenceCTGAN:
    """The package's networks and optimizers, in the state that one of our members is in."""

    def __init__(self, trainer: CTGANTrainer, member: int, columns: Columns) -> None:
        self.layout, self.parameters = trainer.layout, trainer.parameters
        p, layout = trainer.parameters, trainer.layout
        info = [[SpanInfo(*span) for span in column] for column in columns]
        self.synthesizer = CTGAN(enable_gpu=False)
        self.synthesizer._transformer = SimpleNamespace(output_info_list=info)
        self.generator = Generator(
            p.embedding_dim + layout.conditions, p.generator_dim, layout.columns
        )
        self.critic = Discriminator(
            layout.columns + layout.conditions, p.discriminator_dim, pac=p.pac
        )
        self.generator.load_state_dict(_tensors(trainer.generator.export(member)))
        self.critic.load_state_dict(_tensors(trainer.critic.stack.export(member)))
        self._dropouts = [FixedDropout() for _ in p.discriminator_dim]
        for layer, dropout in enumerate(self._dropouts):
            self.critic.seq[3 * layer + 2] = dropout
        adam = trainer._optimizers
        rates = {
            "generator": (p.generator_lr, p.generator_decay),
            "critic": (p.discriminator_lr, p.discriminator_decay),
        }
        self.optimizers = {
            name: adam_like(
                getattr(self, name), adam[name], member, lr=lr, betas=BETAS, weight_decay=decay
            )
            for name, (lr, decay) in rates.items()
        }

    def _set_dropout(self, bits: torch.Tensor, calls: int) -> None:
        """Masks for `calls` calls, from the bytes that were drawn for all of them at once."""
        packs, units = (
            self.parameters.batch_size // self.parameters.pac,
            self.parameters.discriminator_dim,
        )
        rows = calls * packs
        kept = (bits.numpy().view(np.uint8)[: rows * sum(units)] & 1) * 2.0
        parts = np.split(kept, np.cumsum([rows * each for each in units])[:-1])
        for dropout, part in zip(self._dropouts, parts, strict=True):
            masks = torch.tensor(part.reshape(rows, -1), dtype=torch.float32)
            dropout.masks = list(masks.split(packs))

    def generate(
        self, noise: torch.Tensor, condition: torch.Tensor, uniform: torch.Tensor
    ) -> tuple[Any, Any]:
        """Logits and activated rows (B, D)."""
        logits = self.generator(torch.cat([noise, condition], 1))
        gumbel, layout = gumbel_(uniform.clone()).T, self.layout
        spans = [
            gumbel[:, s : s + w]
            for s, w in zip(layout.span_starts, layout.span_widths, strict=True)
        ]
        self.synthesizer._gumbel_softmax = lambda data, tau: torch.softmax(
            (data + spans.pop(0)) / tau, -1
        )
        return logits, self.synthesizer._apply_activate(logits)

    def critic_update(
        self, fake: torch.Tensor, real: torch.Tensor, mix: torch.Tensor, bits: torch.Tensor
    ) -> Any:
        """Loss and penalty, after one update; as the loop of `CTGAN.fit` has it."""
        self._set_dropout(bits, 3)
        y_fake, y_real = self.critic(fake), self.critic(real)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "rand", lambda *_, **__: mix.view(-1, 1, 1))
            penalty = self.critic.calc_gradient_penalty(real, fake, "cpu", self.parameters.pac)
        loss = -(torch.mean(y_real) - torch.mean(y_fake))
        self.optimizers["critic"].zero_grad(set_to_none=False)
        penalty.backward(retain_graph=True)
        loss.backward()
        self.optimizers["critic"].step()
        return loss.detach(), penalty.detach()

    def generator_update(
        self,
        noise: torch.Tensor,
        condition: torch.Tensor,
        uniform: torch.Tensor,
        bits: torch.Tensor,
    ) -> Any:
        """Loss, after one update; as the loop of `CTGAN.fit` has it."""
        self._set_dropout(bits, 1)
        logits, fake = self.generate(noise, condition, uniform)
        loss = -torch.mean(self.critic(torch.cat([fake, condition], 1)))
        if condition.shape[1]:
            loss = loss + self.synthesizer._cond_loss(
                logits, condition, self._chosen_column(condition)
            )
        self.optimizers["generator"].zero_grad(set_to_none=False)
        loss.backward()
        self.optimizers["generator"].step()
        return loss.detach()

    def _chosen_column(self, condition: torch.Tensor) -> torch.Tensor:
        return torch.stack(
            [part.sum(1) for part in condition.split(list(self.layout.condition_widths), 1)], 1
        )


def adam_like(
    network: torch.nn.Module, ours: AdamState, member: int, **settings: Any
) -> torch.optim.Adam:
    """A plain Adam over `network` with the moments that one of our members has."""
    optimizer, found, start = (
        torch.optim.Adam(network.parameters(), **settings),
        ours.export(member),
        0,
    )
    for parameter in network.parameters():
        part = slice(start, start + parameter.numel())
        start = part.stop
        moments = {
            n: torch.tensor(found[n][part]).view_as(parameter) for n in ("exp_avg", "exp_avg_sq")
        }
        optimizer.state[parameter] = {"step": torch.tensor(float(found["steps"][0])), **moments}
    return optimizer


def _tensors(arrays: dict[str, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}
