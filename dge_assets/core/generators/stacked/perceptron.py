"""K multilayer perceptrons with ReLU between their layers, forward and backward: TVAE's encoder and
decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from dge_assets.core.generators.stacked.stack import ParameterStack, initialize_linear


class Perceptron:
    """The linear layers of `names` in `stack`, with ReLU after each; without one after the last
    unless `rectify_last`.
    """

    def __init__(self, stack: ParameterStack, names: Sequence[str], *, rectify_last: bool) -> None:
        self._stack, self._names = stack, tuple(names)
        self._rectified = [rectify_last or name != names[-1] for name in names]
        self._inputs: list[torch.Tensor] = []

    def initialize(self, uniform: Callable[[torch.Tensor], None]) -> None:
        """Fresh weights from the members' streams."""
        for name in self._names:
            initialize_linear(self._stack, name, uniform)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Outputs (K, B, units) of inputs (K, B, units); keeps what `backward` needs."""
        self._inputs = [rows]
        for name, rectified in zip(self._names, self._rectified, strict=True):
            weight, bias = self._stack.values[f"{name}.weight"], self._stack.values[f"{name}.bias"]
            output = torch.baddbmm(bias.unsqueeze(1), self._inputs[-1], weight.transpose(1, 2))
            self._inputs.append(output.clamp_(min=0) if rectified else output)
        return self._inputs[-1]

    def set_gradients(self, by_output: torch.Tensor) -> torch.Tensor:
        """Set the gradients from that by the outputs; gives that by the first layer, before its
        ReLU.
        """
        grads, by_layer = self._stack.gradients, by_output
        for layer in range(len(self._names) - 1, -1, -1):
            name = self._names[layer]
            if self._rectified[layer]:
                by_layer = torch.ops.aten.threshold_backward(by_layer, self._inputs[layer + 1], 0)
            torch.bmm(by_layer.transpose(1, 2), self._inputs[layer], out=grads[f"{name}.weight"])
            torch.sum(by_layer, 1, out=grads[f"{name}.bias"])
            if layer:
                by_layer = torch.bmm(by_layer, self._stack.values[f"{name}.weight"])
        return by_layer

    def backward(self, by_output: torch.Tensor) -> torch.Tensor:
        """Set the gradients, and give that by the inputs."""
        return torch.bmm(
            self.set_gradients(by_output), self._stack.values[f"{self._names[0]}.weight"]
        )
