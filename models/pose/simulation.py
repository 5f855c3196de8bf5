"""The sensors of `pose`: infrared light from a moving body on six photodiodes.

A knob floats over a base plate, as in a 6-degree-of-freedom mouse. It carries three infrared LEDs that point down,
every 120 degrees at radius 12 mm; six photodiodes look up from the base at radius 13 mm, a pair beside each LED. A
LED of axial intensity I, seen at distance d, angle a off its own axis and angle b off the photodiode's, gives the
irradiance

    E = I * cos(a) * cos(b) / d^2       (inverse-square law, Lambertian emitter and receiver)

and every photodiode sees the sum of the three, so all readings depend on all six coordinates. An amplifier takes a
fixed level off, and a converter of 16 bits gives the count ``GAIN * E - OFFSET``, with Gaussian noise of NOISE counts,
rounded and saturated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LED_RADIUS, DIODE_RADIUS, HEIGHT = 12.0, 13.0, 12.0  # mm; HEIGHT is that of the LEDs over the photodiodes at rest
PAIR_ANGLE = 22.0  # degrees from a LED's direction to each photodiode of its pair
GAIN, OFFSET, NOISE = 6.7e6, 21500.0, 8.0  # counts mm^2, counts, counts
# What a pose is: x, y, z in mm and the rotations about x, y, z in degrees, each up to its range on both sides of rest.
RANGE = np.array([1.5, 1.5, 1.5, 6.0, 6.0, 6.0])
POSE = ("x mm", "y mm", "z mm", "rx deg", "ry deg", "rz deg")


def _ring(radius: float, degrees: Array) -> Array:
    angle = np.radians(degrees)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros_like(angle)], axis=-1)


_CENTRES = np.array([0.0, 120.0, 240.0])
LEDS = _ring(LED_RADIUS, _CENTRES)
DIODES = _ring(DIODE_RADIUS, (_CENTRES[:, np.newaxis] + np.array([-PAIR_ANGLE, PAIR_ANGLE])).ravel())


def rotation(degrees: Array) -> Array:
    """Matrices [n, 3, 3] that turn by ``degrees`` [n, 3] about x, then y, then z, all fixed axes."""
    c, s = np.cos(np.radians(degrees)).T, np.sin(np.radians(degrees)).T
    zero, one = np.zeros_like(c[0]), np.ones_like(c[0])
    about_x = np.array([[one, zero, zero], [zero, c[0], -s[0]], [zero, s[0], c[0]]])
    about_y = np.array([[c[1], zero, s[1]], [zero, one, zero], [-s[1], zero, c[1]]])
    about_z = np.array([[c[2], -s[2], zero], [s[2], c[2], zero], [zero, zero, one]])
    return np.asarray(np.einsum("ijn,jkn,kln->nil", about_z, about_y, about_x))


def irradiance(pose: Array) -> Array:
    """Irradiance [n, 6] in 1 / mm^2 (I = 1) of the photodiodes for poses [n, 6] in mm and degrees."""
    turn = rotation(pose[:, 3:])
    leds = np.einsum("nij,kj->nki", turn, LEDS) + pose[:, np.newaxis, :3] + np.array([0.0, 0.0, HEIGHT])
    axis = -turn[:, :, 2]  # the LEDs point along the knob's -z
    ray = DIODES[np.newaxis, np.newaxis] - leds[:, :, np.newaxis]  # [n, led, diode, 3]
    square = np.sum(ray * ray, axis=-1)
    along = np.einsum("nkdi,ni->nkd", ray, axis)
    light = np.maximum(along, 0.0) * np.maximum(-ray[..., 2], 0.0) / (square * square)
    return np.asarray(light.sum(axis=1))


def samples(seed: int, count: int, reach: float = 1.0) -> tuple[Array, Array]:
    """``count`` raw readings [count, 6] uint16, and the poses in units of RANGE [count, 6], uniform in +-``reach``."""
    draw = np.random.default_rng(seed)
    pose = draw.uniform(-reach, reach, (count, 6))
    counts = GAIN * irradiance(pose * RANGE) - OFFSET + NOISE * draw.standard_normal((count, 6))
    return np.clip(np.round(counts), 0, 65535).astype(np.uint16), pose.astype(np.float32)
