"""Tools for the person with the screwdriver: find devices, try one, in words.

    python -m drivers list                      what is plugged in, and how to name it
    python -m drivers test-print | test-led | say | read-card | press

Every trial runs the real driver under the real supervisor, on the real line, as the hall would;
nothing here knows a protocol. Exit codes: 0 it works, 1 it does not, 2 wrong use.

What lives where: `asked` which device is meant · `session` one device for as long as it is tried ·
`printing strips speaking inputs` the trials · `trial_slip` what a trial slip shows · `plugged` what
this machine sees · `words` everything said, in zh.toml and en.toml.
"""
