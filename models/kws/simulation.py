"""The sounds of `kws`: half a second of a synthesized signal word in noise, as a log-spectrogram.

8 kHz. Six classes: a steady tone, a rising and a falling chirp, a warble (frequency modulated at 4 to 9 Hz), a pulsed
tone (switched at 5 to 10 Hz), and noise alone. Every tone has a second harmonic and an attack and decay; frequency,
duration, place in the window and the noise (pink or white, 5 dB above to 10 dB below the tone) are drawn at random.

The front end takes 24 frames of 256 samples with a Hann window, sums their power in 16 triangular bands between 100 and
3,900 Hz spaced evenly in mel (2595 log10(1 + f / 700)), and gives each band's level in 0.25 dB steps about the mean
level of all bands and frames, saturated to an int8: ``inputs`` are those counts / 128, as of an integer front end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
CLASSES = ("tone", "rising", "falling", "warble", "pulses", "noise")
RATE, LENGTH, FRAMES, FRAME, BANDS = 8000, 4096, 24, 256, 16
_TIME = np.arange(LENGTH) / RATE


def _filters() -> Array:
    """Weights [FRAME / 2 + 1, BANDS] of the triangular bands over the bins of the spectrum."""
    mel = np.linspace(2595 * np.log10(1 + 100 / 700), 2595 * np.log10(1 + 3900 / 700), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(FRAME // 2 + 1) * RATE / FRAME
    rise = (bins[:, np.newaxis] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins[:, np.newaxis]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rise, fall)) + 1e-3)


_FILTERS = _filters()


def sound(draw: np.random.Generator, kind: str) -> Array:
    """One signal of LENGTH samples; the tone, where there is one, has an amplitude of 1."""
    white = draw.standard_normal(LENGTH)
    spectrum = np.fft.rfft(white)
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), LENGTH)
    noise = white if draw.random() < 0.5 else pink / pink.std()
    if kind == "noise":
        return noise
    base, width = draw.uniform(400.0, 1200.0), draw.uniform(0.25, 0.45)
    place = np.clip((_TIME - draw.uniform(0.0, 0.5 - width)) / width, 0.0, 1.0)
    frequency = np.full(LENGTH, base)
    if kind in ("rising", "falling"):
        frequency = base * draw.uniform(1.3, 2.5) ** (place if kind == "rising" else 1.0 - place)
    elif kind == "warble":
        depth, beat, phase = draw.uniform(0.08, 0.3), draw.uniform(4.0, 9.0), draw.uniform(0.0, 1.0)
        frequency = base * (1.0 + depth * np.sin(2 * np.pi * (beat * _TIME + phase)))
    turn = 2 * np.pi * (np.cumsum(frequency) / RATE + draw.random())
    envelope = np.minimum(1.0, 8.0 * np.minimum(place, 1.0 - place))
    if kind == "pulses":
        envelope = envelope * (np.sin(2 * np.pi * (draw.uniform(5.0, 10.0) * _TIME + draw.random())) > 0.0)
    tone = envelope * (np.sin(turn) + draw.uniform(0.0, 0.5) * np.sin(2 * turn))
    return np.asarray(tone + noise * np.sqrt(0.5) * 10 ** (-draw.uniform(-5.0, 10.0) / 20))


def features(signal: Array) -> Array:
    """Levels [FRAMES, BANDS, 1] as int8."""
    starts = np.linspace(0, LENGTH - FRAME, FRAMES).astype(int)
    frames = signal[starts[:, np.newaxis] + np.arange(FRAME)] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames, axis=-1)) ** 2 @ _FILTERS
    level = 10 * np.log10(power + 1e-6)
    counts = np.round((level - level.mean()) / 0.25).clip(-128, 127)
    return np.asarray(counts[..., np.newaxis], np.int8)


def samples(seed: int, count: int) -> tuple[Array, Array]:
    """``count`` spectrograms [count, FRAMES, BANDS, 1] int8 and their classes."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(0, len(CLASSES), count)
    return np.stack([features(sound(draw, CLASSES[kind])) for kind in kinds]), kinds.astype(np.int64)
