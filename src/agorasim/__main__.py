"""``python -m agorasim`` is the same program as ``agorasim``."""

import sys

from agorasim.cli import main

if __name__ == "__main__":
    sys.exit(main())
