"""Makes the helpers beside these tests, and those of the laws, importable."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "laws")]
