"""One update of our CTGAN equals one of the `ctgan` package's, from the same weights, rows, noise
and dropout masks.

The package's own modules and loss functions make the reference; only its random draws are replaced
by ours. What these tests cannot see: whether the draws themselves have the right distribution
(test_stacked_draws looks at that).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.stacked.ctgan import CTGANTrainer
from dge_assets.core.generators.stacked.parameters import CTGANParameters
from tests.support.ctgan_reference import ReferenceCTGAN
from tests.support.stacked import TABLES, RememberingStreams, encoded_table, one_hot

PARAMETERS = CTGANParameters(
    batch_size=20,
    pac=5,
    embedding_dim=6,
    generator_dim=(9, 7),
    discriminator_dim=(12, 8),
    generator_lr=1e-3,
)
K = 3


@dataclass
class Case:
    """A trainer after an epoch, so that nothing is at its start any more; it remembers what it
    draws from now on.
    """

    table: EncodedTable
    trainer: CTGANTrainer
    streams: RememberingStreams
    references: list[ReferenceCTGAN]

    def drawn(self, member: int) -> dict[str, list[torch.Tensor]]:
        return {
            sort: [each[member] for each in drawn] for sort, drawn in self.streams.drawn.items()
        }

    def condition(self, choices: torch.Tensor) -> torch.Tensor:
        """One-hot conditions (B, C) of what was drawn."""
        if not self.table.layout.conditions:
            return torch.empty(PARAMETERS.batch_size, 0)
        positions = self.trainer._conditions.draw(choices[0], choices[1])
        return torch.nn.functional.one_hot(positions, self.table.layout.conditions).float()


@pytest.fixture(params=sorted(TABLES))
def case(request: pytest.FixtureRequest) -> Case:
    columns = TABLES[request.param]
    table = encoded_table(columns)
    trainer = CTGANTrainer(table, PARAMETERS, [np.random.SeedSequence(seed) for seed in range(K)])
    trainer.epoch()
    streams = RememberingStreams([np.random.SeedSequence(seed + 100) for seed in range(K)])
    trainer._streams = streams
    return Case(
        table, trainer, streams, [ReferenceCTGAN(trainer, member, columns) for member in range(K)]
    )


def assert_close(found: torch.Tensor, expected: torch.Tensor, name: str) -> None:
    """To 1e-5 of the largest entry."""
    error, scale = float((found - expected).abs().max()), float(expected.abs().max())
    assert error <= 1e-5 * scale, f"{name}: {error:.2e} of {scale:.2e}"


def test_one_discriminator_update_equals_the_packages(case: Case) -> None:
    losses = case.trainer.critic_step()
    rows = torch.tensor(one_hot(case.table), dtype=torch.float32)
    for member, reference in enumerate(case.references):
        drawn = case.drawn(member)
        uniform, choices, mix = drawn["uniform"]
        condition, order = case.condition(choices), choices[2].argsort()
        _, fake = reference.generate(drawn["normal"][0], condition, uniform)
        real = _real_rows(case, member)
        assert all(any(torch.equal(row, other) for other in rows) for row in real), (
            "rows of the table"
        )
        meant = real[:, torch.as_tensor(case.table.layout.condition_columns)][condition[order] == 1]
        assert torch.all(meant == 1), "each meets its condition"
        pairs = torch.cat([fake, condition], 1), torch.cat([real, condition[order]], 1)
        loss, penalty = reference.critic_update(*pairs, mix, drawn["bits"][0])
        assert_close(losses.loss[member], loss, "loss")
        assert_close(losses.penalty[member], penalty, "penalty")
        stack = case.trainer.critic.stack
        for name, parameter in reference.critic.named_parameters():
            assert parameter.grad is not None
            assert_close(stack.gradients[name][member], parameter.grad, f"gradient of {name}")
            assert_close(stack.values[name][member], parameter.detach(), name)


def _real_rows(case: Case, member: int) -> torch.Tensor:
    """What our step put into its batch as real rows (B, D)."""
    return case.trainer._real[member, :, : case.table.layout.columns].clone()


def test_one_generator_update_equals_the_packages(case: Case) -> None:
    losses = case.trainer.generator_step()
    for member, reference in enumerate(case.references):
        drawn = case.drawn(member)
        uniform, choices = drawn["uniform"]
        condition = case.condition(choices)
        loss = reference.generator_update(drawn["normal"][0], condition, uniform, drawn["bits"][0])
        assert_close(losses[member], loss, "loss")
        stack = case.trainer.generator.stack
        for name, parameter in reference.generator.named_parameters():
            assert parameter.grad is not None
            if name.endswith("fc.bias"):
                # Batch normalization takes a shift of its input away: the gradient is 0 but for
                # rounding, in which the two differ, and which Adam makes steps of. No output
                # depends on it.
                assert float(stack.gradients[name][member].abs().max()) < 1e-6
                continue
            assert_close(stack.gradients[name][member], parameter.grad, f"gradient of {name}")
            assert_close(stack.values[name][member], parameter.detach(), name)
        running = case.trainer.generator.export(member)
        for name, value in reference.generator.named_buffers():
            assert_close(torch.from_numpy(np.array(running[name])).float(), value.float(), name)
