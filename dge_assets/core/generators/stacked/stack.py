"""Parameters of K networks of one shape in one flat tensor, so that one fused optimizer step
updates all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

Arrays = dict[str, np.ndarray[Any, Any]]
Shapes = Mapping[str, tuple[int, ...]]


class ParameterStack:
    """Named parameters (K, *shape) as views of `flat` (K, P), and their gradients as views of
    `gradient` (K, P).
    """

    def __init__(self, shapes: Shapes, *, K: int, device: str) -> None:
        sizes = [int(np.prod(shape)) for shape in shapes.values()]
        self.flat = torch.zeros(K, sum(sizes), device=device)
        self.gradient = torch.zeros_like(self.flat)
        self.flat.grad = self.gradient
        self._places: dict[str, tuple[int, int, tuple[int, ...]]] = {}
        start = 0
        for (name, shape), size in zip(shapes.items(), sizes, strict=True):
            self._places[name] = (start, start + size, shape)
            start += size
        self.values = {name: self._view(self.flat, name) for name in self._places}
        self.gradients = {name: self._view(self.gradient, name) for name in self._places}

    def _view(self, flat: torch.Tensor, name: str) -> torch.Tensor:
        start, end, shape = self._places[name]
        found: torch.Tensor = flat[:, start:end].unflatten(1, shape)
        return found

    def load(self, member: int, arrays: Mapping[str, Any]) -> None:
        """Set all parameters of one member."""
        for name, value in self.values.items():
            value[member].copy_(torch.as_tensor(arrays[name]))

    def export(self, member: int) -> Arrays:
        """All parameters of one member by name."""
        return {name: value[member].cpu().numpy().copy() for name, value in self.values.items()}


class AdamState:
    """Adam (Kingma and Ba 2015) with weight decay added to the gradient, over a whole stack in one
    call.
    """

    def __init__(
        self, stack: ParameterStack, *, lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        self._optimizer = torch.optim.Adam(
            [stack.flat], lr=lr, betas=betas, weight_decay=weight_decay, fused=True
        )
        self._moments = {name: torch.zeros_like(stack.flat) for name in ("exp_avg", "exp_avg_sq")}
        self._steps = torch.zeros((), device=stack.flat.device)
        self._optimizer.state[stack.flat] = {"step": self._steps, **self._moments}

    def step(self) -> None:
        """Update the parameters from the stack's gradient."""
        self._optimizer.step()

    def export(self, member: int) -> Arrays:
        """Both moments of one member (P,), and the number of steps."""
        moments = {
            name: moment[member].cpu().numpy().copy() for name, moment in self._moments.items()
        }
        return {**moments, "steps": self._steps.cpu().numpy().reshape(1).copy()}

    def load(self, member: int, arrays: Mapping[str, Any]) -> None:
        """Bring back what `export` gave."""
        for name, moment in self._moments.items():
            moment[member].copy_(torch.as_tensor(arrays[name]))
        self._steps.fill_(float(arrays["steps"][0]))


def linear_shapes(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """Shapes of a `torch.nn.Linear` under its names."""
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def initialize_linear(
    stack: ParameterStack, name: str, uniform: Callable[[torch.Tensor], None]
) -> None:
    """As `torch.nn.Linear` does: weight and bias uniform in +-1/sqrt(inputs)."""
    weight, bias = stack.values[f"{name}.weight"], stack.values[f"{name}.bias"]
    bound = 1 / float(np.sqrt(weight.shape[2]))
    for value in (weight, bias):
        drawn = torch.empty_like(value, memory_format=torch.contiguous_format)
        uniform(drawn)
        value.copy_(drawn.mul_(2 * bound).sub_(bound))
