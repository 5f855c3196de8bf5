"""The emitted C against the reference: on this machine (``host``) and on emulated microcontrollers (``emulate``)."""

from .check import Verification, verify

__all__ = ["Verification", "verify"]
