"""CTGAN's discriminator: a multilayer perceptron on packs of rows, its Wasserstein loss and its
gradient penalty.

The network is piecewise linear, so the gradient penalty (Gulrajani et al., "Improved Training of
Wasserstein GANs", 2017) has a closed form: with the slopes s_l of layer l (leaky ReLU times
dropout) held fixed, the gradient by the input is a chain of matrices, and so is the gradient of its
norm by the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from dge_assets.core.generators.stacked.stack import (
    ParameterStack,
    initialize_linear,
    linear_shapes,
)

LEAK = 0.2
KEPT = 0.5
"""Share of units that dropout keeps."""
PENALTY_WEIGHT = 10.0


@dataclass(frozen=True)
class CriticLosses:
    """Of each member (K,): the Wasserstein loss, mean(fake) - mean(real), and the gradient penalty."""

    loss: torch.Tensor
    penalty: torch.Tensor


class Critic:
    """K discriminators on packs (K, rows, width), where width is pac times (D + C)."""

    def __init__(self, width: int, hidden: Sequence[int], *, K: int, device: str) -> None:
        self.hidden = tuple(hidden)
        sizes = [width, *hidden, 1]
        # Three modules per hidden layer in `ctgan`'s sequence: Linear, LeakyReLU, Dropout.
        self._names = [f"seq.{3 * layer}" for layer in range(len(sizes) - 1)]
        shapes: dict[str, tuple[int, ...]] = {}
        for name, inputs, outputs in zip(self._names, sizes[:-1], sizes[1:], strict=True):
            shapes |= linear_shapes(name, inputs, outputs)
        self.stack = ParameterStack(shapes, K=K, device=device)

    def initialize(self, uniform: Callable[[torch.Tensor], None]) -> None:
        """Fresh weights from the members' streams."""
        for name in self._names:
            initialize_linear(self.stack, name, uniform)

    def _weight(self, layer: int) -> torch.Tensor:
        return self.stack.values[f"{self._names[layer]}.weight"]

    def _bias(self, layer: int) -> torch.Tensor:
        return self.stack.values[f"{self._names[layer]}.bias"].unsqueeze(1)

    def compute_gradients(
        self, packs: torch.Tensor, mix: torch.Tensor, masks: Sequence[torch.Tensor]
    ) -> CriticLosses:
        """Set the stack's gradient of loss plus penalty; the caller's optimizer makes the step.

        packs: (K, 3m, width), fake rows, real rows, and m rows of room that are written over. mix:
        (K, m, 1), the share of the real pack in each interpolated one. masks: per hidden layer (K,
        3m, units) of 0 and 1/KEPT, for the fake, real and interpolated packs.
        """
        rows = packs.shape[1] // 3
        first = torch.baddbmm(self._bias(0), packs[:, : 2 * rows], self._weight(0).transpose(1, 2))
        # The first layer is linear and a pack has one mixing share, so the interpolated packs need
        # no product.
        between = torch.lerp(first[:, :rows], first[:, rows:], mix)
        slopes, hidden = self._hidden(torch.cat([first, between], 1), masks)
        scores = torch.baddbmm(
            self._bias(-1), hidden[-1][:, : 2 * rows], self._weight(-1).transpose(1, 2)
        )[:, :, 0]
        loss = scores[:, :rows].mean(1) - scores[:, rows:].mean(1)
        # By the scores: +1/m for fake, -1/m for real ones; then down through the layers, for both
        # sorts of rows.
        by_score = torch.full_like(scores, 1 / rows)
        by_score[:, rows:] = -1 / rows
        chains = self._penalty_chain(
            [slope[:, 2 * rows :] for slope in slopes], packs[:, 2 * rows :]
        )
        penalty = self._loss_and_penalty_gradients(packs, rows, by_score, hidden, slopes, chains)
        return CriticLosses(loss, penalty)

    def _hidden(
        self, preactivation: torch.Tensor, masks: Sequence[torch.Tensor]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Per hidden layer, the slopes and the units (K, rows, units)."""
        slopes: list[torch.Tensor] = []
        hidden: list[torch.Tensor] = []
        for layer, mask in enumerate(masks):
            if layer:
                weight = self._weight(layer).transpose(1, 2)
                preactivation = torch.baddbmm(self._bias(layer), hidden[-1], weight)
            slope = torch.where(preactivation > 0, mask, mask * LEAK)
            slopes.append(slope)
            hidden.append(preactivation * slope)
        return slopes, hidden

    def _penalty_chain(
        self, slopes: Sequence[torch.Tensor], gradient: torch.Tensor
    ) -> list[torch.Tensor]:
        """Gradient of the score by each preactivation (K, m, units), first layer first; by the
        input into `gradient`.
        """
        last = len(slopes) - 1
        chain = [slopes[last] * self._weight(-1)]
        for layer in range(last, 0, -1):
            chain.insert(0, slopes[layer - 1] * torch.bmm(chain[0], self._weight(layer)))
        torch.bmm(chain[0], self._weight(0), out=gradient)
        return chain

    def _loss_and_penalty_gradients(
        self,
        packs: torch.Tensor,
        rows: int,
        by_score: torch.Tensor,
        hidden: Sequence[torch.Tensor],
        slopes: Sequence[torch.Tensor],
        chain: Sequence[torch.Tensor],
    ) -> torch.Tensor:
        """Write all gradients into the stack; returns the penalty of each member (K,)."""
        gradient = packs[:, 2 * rows :]
        norm = torch.linalg.vector_norm(gradient, dim=2, keepdim=True)
        # Of the penalty by the input's gradient: factor * gradient. A norm of 0 has no direction,
        # as in autograd.
        factor = (2 * PENALTY_WEIGHT / rows) * torch.where(norm > 0, (norm - 1) / norm, 0.0)
        adjoint = torch.bmm(gradient, self._weight(0).transpose(1, 2)) * factor
        by_preactivation = self._down(by_score, slopes, 2 * rows)
        grads = self.stack.gradients
        for layer, name in enumerate(self._names[:-1]):
            below = (
                packs if layer == 0 else torch.cat([hidden[layer - 1][:, : 2 * rows], adjoint], 1)
            )
            scale = factor if layer == 0 else 1.0
            left = torch.cat([by_preactivation[layer], chain[layer] * scale], 1)
            torch.bmm(left.transpose(1, 2), below, out=grads[f"{name}.weight"])
            torch.sum(by_preactivation[layer], 1, out=grads[f"{name}.bias"])
            # Now the adjoint of the chain's entry of this layer; times its slope it meets the next
            # layer's weight.
            if layer:
                adjoint = torch.bmm(adjoint, self._weight(layer).transpose(1, 2))
            adjoint = adjoint * slopes[layer][:, 2 * rows :]
        last = self._names[-1]
        by_last = torch.bmm(by_score.unsqueeze(1), hidden[-1][:, : 2 * rows])
        grads[f"{last}.weight"].copy_(by_last + adjoint.sum(1, keepdim=True))
        grads[f"{last}.bias"].copy_(by_score.sum(1, keepdim=True))
        penalty: torch.Tensor = PENALTY_WEIGHT * (norm[:, :, 0] - 1).square().mean(1)
        return penalty

    def _down(
        self, by_score: torch.Tensor, slopes: Sequence[torch.Tensor], rows: int
    ) -> list[torch.Tensor]:
        """Gradient by each hidden layer's preactivation (K, rows, units), from that by the scores
        (K, rows).
        """
        found = [by_score.unsqueeze(2) * self._weight(-1) * slopes[-1][:, :rows]]
        for layer in range(len(slopes) - 1, 0, -1):
            found.insert(0, torch.bmm(found[0], self._weight(layer)) * slopes[layer - 1][:, :rows])
        return found

    def gradient_of_input(
        self, packs: torch.Tensor, masks: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """For the generator: its adversarial loss -mean(score) (K,) and the gradient of it by
        `packs` (K, m, width).
        """
        preactivation = torch.baddbmm(self._bias(0), packs, self._weight(0).transpose(1, 2))
        slopes, hidden = self._hidden(preactivation, masks)
        scores = torch.baddbmm(self._bias(-1), hidden[-1], self._weight(-1).transpose(1, 2))[
            :, :, 0
        ]
        by_score = torch.full_like(scores, -1 / packs.shape[1])
        return -scores.mean(1), torch.bmm(
            self._down(by_score, slopes, packs.shape[1])[0], self._weight(0)
        )
