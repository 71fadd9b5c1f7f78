"""What one consumer does, one mechanism a file: compiled scalar functions over one consumer's row, and passes over all.

Every function takes the world's columns `w` (see `columns.Columns`) and a consumer's number `i`. The same function runs
inside a compiled pass, when called from a `Consumer` view, and as plain Python (`NUMBA_DISABLE_JIT=1`), with the same
bits: arithmetic is float64, storage float32, every cast is written out, sums over consumers are integers.
"""

from agorasim.behaviour import native as _native  # noqa: F401  (teaches Numba what `Columns` is, before any kernel)
