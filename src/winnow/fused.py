"""Train a network faster: convolution, batch normalisation, max-pooling and ReLU in one step.

Layer by layer, LeNet-5 with batch normalisation spends most of a step in layers that are slow where channels
are few. Here the same function and the same gradient, up to rounding, come from fewer and better laid out
passes. For 64 images of MNIST these layers then take two thirds of the time, and a whole step three quarters:

- A rising line keeps the order of its values, so normalisation may follow the pooling, and has a quarter of
  the work. A gain below zero turns the order round: the kernel is then negated, which is exact, and the
  gain is taken without its sign.
- A convolution of one or few channels, as the first is, is computed for each of the four places of a pooling
  window at once: by kernels one pixel larger, shifted, at stride 2 [1]_. Pooling is then the maximum of four
  feature maps, and four times as many channels fill the processor's vectors.
- The gradient of batch normalisation [2]_ is a line of what it was given, but for the highest value of each
  window, which gets the gradient from above in addition. A bias before it has no gradient at all.

Among equal values the first gets the gradient, as in torch's own pooling. Only where a gain is exactly 0,
which makes all values equal, does the gain learn from the highest of a window, and by torch from the first.
Values that differ by rounding alone, as where an image is of one colour, may be ranked another way.

.. [1] Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
   Convolutional Neural Network", CVPR 2016, section 3.2, where the same turn serves upsampling.
.. [2] Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
   Covariate Shift", ICML 2015, section 3. https://arxiv.org/abs/1502.03167
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d

from winnow.inference import is_plain

# Of windows (b, 2, 2, c, h, w) and of feature maps (b, c, h, w).
ALL_BUT_CHANNELS = (0, 1, 2, 4, 5)
BUT_CHANNELS = (0, 2, 3)
# Channels of an image in colour; with six, kernels one pixel larger already cost more than they save.
FEW_CHANNELS = 3


def fused(network: nn.Module) -> nn.Module:
    """Return a network that learns what `network` learns, faster, by the same parameters and statistics.

    What is not a plain chain of layers in single precision on a CPU is returned as it is, and so are layers
    that do not come in the order convolution, normalisation, pooling, ReLU.

    >>> layers = nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()
    >>> [type(layer).__name__ for layer in fused(nn.Sequential(*layers))]
    ['Block', 'Flatten']
    """
    if not is_plain(network):
        return network
    rest, layers = list(network), []
    while rest:
        if _is_block(rest[:4]):
            layers.append(Block(*rest[:4], by_place=rest[0].in_channels <= FEW_CHANNELS))
            del rest[:4]
        else:
            layers.append(rest.pop(0))
    return nn.Sequential(*layers)


def _is_block(layers: list[nn.Module]) -> bool:
    if [type(layer) for layer in layers] != [nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.ReLU]:
        return False
    convolution, norm, pooling, _ = layers
    plain = convolution.padding_mode == "zeros" and not isinstance(convolution.padding, str)
    dense = convolution.stride == convolution.dilation == (1, 1) and convolution.groups == 1
    running = norm.affine and norm.track_running_stats and norm.momentum is not None
    of_two = (pooling.kernel_size, pooling.stride, pooling.padding, pooling.dilation) == (2, 2, 0, 1)
    return plain and dense and running and of_two and not pooling.return_indices


class Block(nn.Module):
    """Four layers as one. With `by_place` the convolution is computed for each place of a window at once."""

    def __init__(
        self,
        convolution: nn.Conv2d,
        norm: nn.BatchNorm2d,
        pooling: nn.MaxPool2d,
        relu: nn.ReLU,
        *,
        by_place: bool,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(convolution, norm, pooling, relu)
        self._by_place = by_place

    def forward(self, x: Tensor) -> Tensor:
        convolution, norm, *_ = self.layers
        sides = zip(x.shape[2:], convolution.kernel_size, convolution.padding, strict=True)
        cut = any((side + 2 * margin - patch + 1) % 2 for side, patch, margin in sides)
        if not norm.training or cut:  # pooling leaves out a last row, which the statistics know
            return self.layers(x)
        sign = torch.where(norm.weight.detach() < 0, -1.0, 1.0)
        kernel = convolution.weight * sign[:, None, None, None]
        maps = Convolution.apply(x, kernel, convolution.padding, self._by_place)
        y, mean, variance = Pooling.apply(maps, norm.weight * sign, norm.bias, norm.eps)
        with torch.no_grad():
            mean = mean * sign if convolution.bias is None else mean * sign + convolution.bias
            values = 4 * y.numel() / len(sign)
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance * (values / (values - 1)), norm.momentum)
            norm.num_batches_tracked.add_(1)
        return y


class Convolution(torch.autograd.Function):
    """Convolve images with kernels (c, ...); return the windows (b, 2, 2, c, h, w) that pooling looks at."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, padding: tuple[int, int], by_place: bool) -> Tensor:
        layout = torch.contiguous_format if by_place else torch.channels_last
        x = x.contiguous(memory_format=layout)
        kernels = by_places(kernel) if by_place else kernel.contiguous(memory_format=layout)
        ctx.save_for_backward(x, kernels)
        ctx.padding, ctx.by_place, ctx.patch = padding, by_place, kernel.shape[2:]
        maps = conv2d(x, kernels, stride=2 if by_place else 1, padding=padding)
        if by_place:
            return maps.unflatten(1, (2, 2, -1))
        return maps.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).permute(0, 3, 5, 1, 2, 4)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, kernels = ctx.saved_tensors
        if ctx.by_place:
            gradient = gradient.flatten(1, 3)
        else:
            gradient = gradient.permute(0, 3, 4, 1, 5, 2).flatten(4, 5).flatten(2, 3)
        for_x = None
        if ctx.needs_input_grad[0]:  # half the time in this layout, and the other gradient twice
            plain = [each.contiguous() for each in (gradient, x, kernels)]
            for_x = _gradient(*plain, ctx.padding, ctx.by_place, wanted=0)
        for_kernel = _gradient(gradient, x, kernels, ctx.padding, ctx.by_place, wanted=1)
        return for_x, from_places(for_kernel, ctx.patch) if ctx.by_place else for_kernel, None, None


def _gradient(
    gradient: Tensor, x: Tensor, kernels: Tensor, padding: tuple[int, int], by_place: bool, *, wanted: int
) -> Tensor:
    """Return the gradient of a convolution by the input (0) or by the kernels (1)."""
    stride = (2, 2) if by_place else (1, 1)
    mask = [each == wanted for each in range(3)]
    return torch.ops.aten.convolution_backward(
        gradient, x, kernels, None, stride, padding, (1, 1), False, (0, 0), 1, mask
    )[wanted]


class Pooling(torch.autograd.Function):
    """ReLU of the highest value of every window, normalised by the moments of the batch; gains >= 0.

    Returns (b, c, h, w), and the mean and the biased variance of the batch, each (c,).
    """

    @staticmethod
    def forward(
        ctx: Any, windows: Tensor, gain: Tensor, shift: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        values = windows.numel() / len(gain)
        mean = windows.sum(ALL_BUT_CHANNELS) / values
        squares = windows - _of_channels(mean)
        variance = squares.mul_(squares).sum(ALL_BUT_CHANNELS) / values
        scale = (variance + eps).rsqrt()
        upper = torch.maximum(windows[:, 0, 0], windows[:, 0, 1])
        lower = torch.maximum(windows[:, 1, 0], windows[:, 1, 1])
        highest = torch.maximum(upper, lower).sub_(_of_channels(mean))
        y = (highest * _of_channels(gain * scale)).add_(_of_channels(shift)).relu_()
        ctx.save_for_backward(windows, upper, lower, highest, y, mean, scale, gain)
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        windows, upper, lower, highest, y, mean, scale, gain = ctx.saved_tensors
        values = windows.numel() / len(gain)
        gradient = _where_above_zero(gradient, y)
        for_shift = gradient.sum(BUT_CHANNELS)
        for_gain = (gradient * highest).sum(BUT_CHANNELS) * scale
        # What section 3 has for an input that is no maximum: slope * value + offset.
        slope = -gain * scale**2 * for_gain / values
        offset = -gain * scale * for_shift / values - slope * mean
        for_windows = (windows * _of_channels(slope)).add_(_of_channels(offset))
        gradient = gradient * _of_channels(gain * scale)
        of_lower = _where_above_zero(gradient, lower - upper)
        for row, share in enumerate((gradient - of_lower, of_lower)):
            left, right = windows[:, row, 0], windows[:, row, 1]
            of_right = _where_above_zero(share, right - left)
            for_windows[:, row, 0].add_(share - of_right)
            for_windows[:, row, 1].add_(of_right)
        return for_windows, for_gain, for_shift, None


def by_places(kernel: Tensor) -> Tensor:
    """Return kernels (4c, ...), one pixel larger, that at stride 2 give the four places of a 2x2 window.

    >>> by_places(torch.ones(1, 1, 1, 1))[:, 0].tolist()
    [[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]]
    """
    height, width = kernel.shape[2:]
    kernels = kernel.new_zeros(2, 2, *kernel.shape[:2], height + 1, width + 1)
    for down in (0, 1):
        for right in (0, 1):
            kernels[down, right, ..., down : down + height, right : right + width] = kernel
    return kernels.flatten(0, 2)


def from_places(gradient: Tensor, patch: tuple[int, int]) -> Tensor:
    """Return the gradient by a kernel with such a patch, given that by what `by_places` made of it.

    >>> from_places(torch.arange(16.0).reshape(4, 1, 2, 2), (1, 1)).item()  # 0 + 5 + 10 + 15
    30.0
    """
    height, width = patch
    of_places = gradient.unflatten(0, (2, 2, -1))
    return sum(
        of_places[down, right, ..., down : down + height, right : right + width]
        for down in (0, 1)
        for right in (0, 1)
    )


def _of_channels(values: Tensor) -> Tensor:
    return values[:, None, None]


def _where_above_zero(gradient: Tensor, values: Tensor) -> Tensor:
    """Return the gradient where values are above 0, else 0; by far the fastest of torch's ways to say so."""
    return torch.ops.aten.threshold_backward(gradient, values, 0)
