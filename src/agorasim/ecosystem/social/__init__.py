"""The social graph: generators, files and networkx objects, all into compressed sparse rows."""

from agorasim.ecosystem.social.csr import Graph, from_networkx

__all__ = ["Graph", "from_networkx"]
