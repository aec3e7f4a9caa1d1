"""One update of our TVAE equals one of the `ctgan` package's, from the same weights, rows and
noise.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ctgan.data_transformer import SpanInfo
from ctgan.synthesizers.tvae import Decoder, Encoder, _loss_function

from dge_assets.core.generators.stacked.parameters import TVAEParameters
from dge_assets.core.generators.stacked.tvae import BETAS, LEARNING_RATE, SIGMA_RANGE, TVAETrainer
from tests.support.ctgan_reference import adam_like
from tests.support.stacked import TABLES, RememberingStreams, encoded_table, one_hot
from tests.unit.generators.stacked.test_ctgan import assert_close

PARAMETERS = TVAEParameters(
    batch_size=25, embedding_dim=5, compress_dims=(9, 7), decompress_dims=(8, 6), loss_factor=3
)
K = 3


class Networks(torch.nn.Module):
    """Encoder and decoder, in the order in which the package hands their parameters to Adam."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.encoder = Encoder(columns, PARAMETERS.compress_dims, PARAMETERS.embedding_dim)
        self.decoder = Decoder(PARAMETERS.embedding_dim, PARAMETERS.decompress_dims, columns)


def _reference(trainer: TVAETrainer, member: int) -> tuple[Networks, torch.optim.Optimizer]:
    networks = Networks(trainer.layout.columns)
    arrays = trainer.stack.export(member)
    networks.load_state_dict({name: torch.tensor(value) for name, value in arrays.items()})
    # Our moments lie in the order of our stack; the package's in the order of its modules.
    found = trainer._optimizer.export(member)
    sizes = {name: value.size for name, value in arrays.items()}
    ends = np.cumsum(list(sizes.values()))[:-1]
    moments = {
        key: dict(zip(sizes, np.split(found[key], ends), strict=True))
        for key in ("exp_avg", "exp_avg_sq")
    }
    ordered = {
        k: np.concatenate([by_name[n] for n, _ in networks.named_parameters()])
        for k, by_name in moments.items()
    }

    class Ordered:
        def export(self, _member: int) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
            return {**ordered, "steps": found["steps"]}

    settings = {"lr": LEARNING_RATE, "betas": BETAS, "weight_decay": PARAMETERS.l2scale}
    return networks, adam_like(networks, Ordered(), member, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("rows", [25, 10])
def test_one_update_equals_the_packages(columns: list[list[tuple[int, str]]], rows: int) -> None:
    """Also for the smaller batch at an epoch's end."""
    table = encoded_table(columns)
    trainer = TVAETrainer(table, PARAMETERS, [np.random.SeedSequence(seed) for seed in range(K)])
    trainer.epoch()
    trainer._streams = RememberingStreams([np.random.SeedSequence(seed + 100) for seed in range(K)])
    references = [_reference(trainer, member) for member in range(K)]
    batch = torch.stack([torch.randperm(len(table))[:rows] for _ in range(K)])
    losses = trainer.step(batch)
    info = [[SpanInfo(*span) for span in column] for column in columns]
    encoded = torch.tensor(one_hot(table), dtype=torch.float32)
    for member, (networks, optimizer) in enumerate(references):
        real, noise = encoded[batch[member]], trainer._streams.drawn["normal"][0][member]
        mean, std, log_variance = networks.encoder(real)
        reconstructed, sigmas = networks.decoder(noise * std + mean)
        parts = _loss_function(
            reconstructed, real, sigmas, mean, log_variance, info, PARAMETERS.loss_factor
        )
        optimizer.zero_grad()
        sum(parts).backward()
        optimizer.step()
        networks.decoder.sigma.data.clamp_(*SIGMA_RANGE)
        assert_close(losses[member], sum(parts).detach(), "loss")
        for name, parameter in networks.named_parameters():
            if parameter.grad is None:
                assert name == "decoder.sigma"
                assert not table.layout.number_columns, "it is of no use without numbers"
                continue
            assert_close(
                trainer.stack.gradients[name][member], parameter.grad, f"gradient of {name}"
            )
            assert_close(trainer.stack.values[name][member], parameter.detach(), name)
