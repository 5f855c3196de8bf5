"""The data of `gesture`: half a second of a wrist-worn accelerometer, a punch or a flex of the arm.

50 samples at 100 Hz of three axes in a range of +-4 g, 12 bits left-justified in an int16 as the LIS3DH gives them.
x points along the forearm to the hand. The sensor reads the specific force f = a - g in its own, turning frame.

- punch: the forearm stays level and is thrust forward: a minimum-jerk stroke of 10 to 50 cm (Flash and Hogan 1985)
  in 0.18 to 0.4 s, which first accelerates and then stops the hand.
- flex: the forearm turns about the elbow by 30 to 130 degrees in 0.3 to 0.6 s, also with minimum jerk: gravity turns
  through the axes, and the wrist at radius 20 to 30 cm feels the centripetal and the tangential acceleration.

Both begin at a random moment, so that the window may miss the end, on a forearm inclined and rolled at random, with
tremor and noise on top; half of the punches come with a bend of the elbow, half of the flexes with a push of the arm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
CLASSES = ("punch", "flex")
STEPS, RATE, FULL_SCALE, GRAVITY = 50, 100.0, 4.0, 9.81  # samples, Hz, g, m/s^2


def stroke(time: Array, start: float, duration: float) -> tuple[Array, Array, Array]:
    """Position, velocity and acceleration of a minimum-jerk stroke from 0 to 1, at ``time`` [steps] in seconds."""
    t = np.clip((time - start) / duration, 0.0, 1.0)
    position = t**3 * (10 - 15 * t + 6 * t**2)
    velocity = 30 * t**2 * (1 - t) ** 2 / duration
    acceleration = 60 * t * (1 - t) * (1 - 2 * t) / duration**2
    return position, velocity, acceleration


def window(draw: np.random.Generator, kind: int) -> Array:
    """One gesture as raw counts [50, 3] int16."""
    time = np.arange(STEPS) / RATE
    punch = kind == CLASSES.index("punch")
    both = draw.random() < 0.5
    start = draw.uniform(-0.1, 0.25)
    reach = draw.uniform(0.1, 0.5) if punch else draw.uniform(0.0, 0.25) * both
    turn = draw.uniform(30.0, 130.0) if not punch else draw.uniform(-45.0, 45.0) * both
    _, _, push = stroke(time, start, draw.uniform(0.18, 0.4))
    angle, speed, change = (np.radians(turn) * v for v in stroke(time, start, draw.uniform(0.3, 0.6)))
    radius = draw.uniform(0.2, 0.3)
    pitch = np.radians(draw.uniform(-25.0, 25.0)) + angle
    # In the plane of the arm: along the forearm, and across it. The push goes the way the forearm pointed at first.
    forward = reach * push
    along = forward * np.cos(angle) - radius * speed**2 + GRAVITY * np.sin(pitch)
    across = -forward * np.sin(angle) + radius * change + GRAVITY * np.cos(pitch)
    roll = np.radians(draw.uniform(-30.0, 30.0))
    force = np.stack([along, across * np.sin(roll), across * np.cos(roll)], axis=-1)
    swing = 2 * np.pi * (draw.uniform(6.0, 12.0) * time[:, np.newaxis] + draw.uniform(0.0, 1.0, 3))
    force = force + draw.uniform(0.0, 2.0) * np.sin(swing) + draw.normal(0.0, 0.5, (STEPS, 3))
    counts = np.round(force / GRAVITY / FULL_SCALE * 2048).clip(-2048, 2047) * 16
    return np.asarray(counts, np.int16)


def samples(seed: int, count: int) -> tuple[Array, Array]:
    """``count`` windows as raw counts [count, 150] int16 (x, y, z of a moment beside each other) and their classes."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(0, len(CLASSES), count)
    raw = np.stack([window(draw, int(kind)) for kind in kinds])
    return raw.reshape(count, -1), kinds.astype(np.int64)
