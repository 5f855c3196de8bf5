"""The emitted C against the reference: on this machine (``host``) and on emulated microcontrollers (``emulate``)."""
