"""CTGAN's generator: residual layers (linear, batch normalization, ReLU) that each keep their input
beside their output.

All layers' values lie in one buffer (K, B, width): the noise and condition at its end, each layer's
output before its input, so that the package's concatenations cost nothing. Batch normalization uses
the batch's own statistics, in training and, as in `ctgan`, in sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from dge_assets.core.generators.stacked.stack import (
    Arrays,
    ParameterStack,
    initialize_linear,
    linear_shapes,
)

EPSILON, MOMENTUM = 1e-5, 0.1
"""Of the batch normalization, PyTorch's defaults."""


class ResidualGenerator:
    """K generators from `inputs` (noise and condition) to D columns."""

    def __init__(
        self, inputs: int, hidden: Sequence[int], columns: int, *, K: int, device: str
    ) -> None:
        self.inputs, self.hidden, self.columns = inputs, tuple(hidden), columns
        self.width = inputs + sum(hidden)
        starts = [self.width - inputs]
        for units in hidden:
            starts.append(starts[-1] - units)
        self._starts = starts
        """Where the input of each layer begins in the buffer; each reaches to the buffer's end."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, units in enumerate(hidden):
            shapes |= linear_shapes(f"seq.{layer}.fc", self.width - starts[layer], units)
            shapes |= {f"seq.{layer}.bn.weight": (units,), f"seq.{layer}.bn.bias": (units,)}
        self._last = f"seq.{len(hidden)}"
        shapes |= linear_shapes(self._last, self.width, columns)
        self.stack = ParameterStack(shapes, K=K, device=device)
        self._running = [
            (torch.zeros(K, units, device=device), torch.ones(K, units, device=device))
            for units in hidden
        ]
        self.batches = 0
        """Batches that the running statistics have seen."""
        self._normalized: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def initialize(self, uniform: Callable[[torch.Tensor], None]) -> None:
        """Fresh weights from the members' streams."""
        for layer in range(len(self.hidden)):
            initialize_linear(self.stack, f"seq.{layer}.fc", uniform)
            self.stack.values[f"seq.{layer}.bn.weight"].fill_(1)
        initialize_linear(self.stack, self._last, uniform)

    def buffer(self, rows: int) -> torch.Tensor:
        """Room for all layers of a batch; `write_input` fills the last `inputs` columns."""
        return torch.empty(
            self.stack.flat.shape[0], rows, self.width, device=self.stack.flat.device
        )

    def write_input(
        self, buffer: torch.Tensor, noise: torch.Tensor, conditions: torch.Tensor | None
    ) -> None:
        """Noise (K, B, embedding) and the one-hot vectors of conditions (K, B), where the table has
        any, into `buffer`.
        """
        inputs = buffer[:, :, -self.inputs :]
        inputs[:, :, : noise.shape[2]] = noise
        if conditions is not None:
            inputs[:, :, noise.shape[2] :].zero_().scatter_(2, conditions.unsqueeze(2), 1.0)

    def forward(self, buffer: torch.Tensor) -> torch.Tensor:
        """Logits as columns (K, D, B); keeps in `buffer` and here what `backward` needs."""
        values = self.stack.values
        self._normalized = []
        self.batches += 1
        for layer, units in enumerate(self.hidden):
            start = self._starts[layer]
            name = f"seq.{layer}"
            bias, weight = values[f"{name}.fc.bias"].unsqueeze(1), values[f"{name}.fc.weight"]
            linear = torch.baddbmm(bias, buffer[:, :, start:], weight.transpose(1, 2))
            normalized = self._normalize(layer, linear)
            torch.clamp_min(normalized, 0, out=buffer[:, :, start - units : start])
        bias, weight = values[f"{self._last}.bias"].unsqueeze(2), values[f"{self._last}.weight"]
        return torch.baddbmm(bias, weight, buffer.transpose(1, 2))

    def _normalize(self, layer: int, linear: torch.Tensor) -> torch.Tensor:
        """Batch normalization of (K, B, units), with the K members side by side as channels."""
        K, rows, units = linear.shape
        channels = linear.transpose(0, 1).reshape(rows, K * units)
        scale, shift = (
            self.stack.values[f"seq.{layer}.bn.{part}"].reshape(-1) for part in ("weight", "bias")
        )
        mean, variance = (each.view(-1) for each in self._running[layer])
        normalized, batch_mean, batch_rstd = torch.native_batch_norm(
            channels, scale, shift, mean, variance, True, MOMENTUM, EPSILON
        )
        self._normalized.append((channels, batch_mean, batch_rstd))
        return normalized.view(rows, K, units).transpose(0, 1)

    def backward(self, buffer: torch.Tensor, by_logits: torch.Tensor) -> None:
        """Set the stack's gradient from that by the logits (K, D, B), after `forward` on the same
        buffer.
        """
        values, grads = self.stack.values, self.stack.gradients
        hidden_width = self.width - self.inputs
        self._linear_gradients(self._last, by_logits, buffer)
        by_buffer = torch.bmm(
            by_logits.transpose(1, 2), values[f"{self._last}.weight"][:, :, :hidden_width]
        )
        for layer in range(len(self.hidden) - 1, -1, -1):
            start, units, name = self._starts[layer], self.hidden[layer], f"seq.{layer}"
            place = slice(start - units, start)
            by_output = torch.ops.aten.threshold_backward(
                by_buffer[:, :, place], buffer[:, :, place], 0
            )
            by_linear, by_scale, by_shift = self._normalize_backward(layer, by_output)
            grads[f"{name}.bn.weight"].copy_(by_scale.view_as(grads[f"{name}.bn.weight"]))
            grads[f"{name}.bn.bias"].copy_(by_shift.view_as(grads[f"{name}.bn.bias"]))
            self._linear_gradients(f"{name}.fc", by_linear.transpose(1, 2), buffer[:, :, start:])
            if layer:
                below = values[f"{name}.fc.weight"][:, :, : hidden_width - start]
                by_buffer[:, :, start:].baddbmm_(by_linear, below)

    def _linear_gradients(self, name: str, by_output: torch.Tensor, inputs: torch.Tensor) -> None:
        """`by_output` (K, units, B), `inputs` (K, B, inputs)."""
        grads = self.stack.gradients
        torch.bmm(by_output, inputs, out=grads[f"{name}.weight"])
        torch.sum(by_output, 2, out=grads[f"{name}.bias"])

    def _normalize_backward(
        self, layer: int, by_output: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        K, rows, units = by_output.shape
        channels, mean, rstd = self._normalized[layer]
        scale = self.stack.values[f"seq.{layer}.bn.weight"].reshape(-1)
        running = [each.view(-1) for each in self._running[layer]]
        by_channels, by_scale, by_shift = torch.ops.aten.native_batch_norm_backward(
            by_output.transpose(0, 1).reshape(rows, K * units),
            channels,
            scale,
            *running,
            mean,
            rstd,
            True,
            EPSILON,
            [True, True, True],
        )
        return by_channels.view(rows, K, units).transpose(0, 1), by_scale, by_shift

    def export(self, member: int) -> Arrays:
        """The member's `state_dict`, as the `ctgan` package names and orders it."""
        parameters = self.stack.export(member)
        state: Arrays = {}
        for layer in range(len(self.hidden)):
            state |= {
                name: value
                for name, value in parameters.items()
                if name.startswith(f"seq.{layer}.")
            }
            mean, variance = (each[member].cpu().numpy().copy() for each in self._running[layer])
            state |= {f"seq.{layer}.bn.running_mean": mean, f"seq.{layer}.bn.running_var": variance}
            state |= {f"seq.{layer}.bn.num_batches_tracked": torch.tensor(self.batches).numpy()}
        return state | {
            name: value for name, value in parameters.items() if name.startswith(f"{self._last}.")
        }

    def load(self, member: int, state: Arrays) -> None:
        """Bring back what `export` gave."""
        self.stack.load(member, state)
        for layer, running in enumerate(self._running):
            for each, name in zip(running, ("running_mean", "running_var"), strict=True):
                each[member].copy_(torch.as_tensor(state[f"seq.{layer}.bn.{name}"]))
            self.batches = int(state[f"seq.{layer}.bn.num_batches_tracked"])
