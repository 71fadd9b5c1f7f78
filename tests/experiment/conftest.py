import sys
from pathlib import Path

# Worker processes import the cheap worlds by name, so their folder must be on the path that workers inherit.
sys.path.insert(0, str(Path(__file__).parent))
