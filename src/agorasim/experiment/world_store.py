"""The finished worlds of an experiment: one part a batch while it runs, then one sorted table.

Only the process that leads an experiment writes here. A part is durable before its worlds count as finished, the table
is durable before the parts that it holds are removed, and a world in both counts once: an experiment that is killed at
any moment can be resumed. The table's bytes depend on the worlds alone, not on how they came.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from agorasim.errors import InputError
from agorasim.experiment import tables
from agorasim.experiment.files import atomic, make_folder, remove_temporary, sync, write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows after which the table begins a new row group, at the next world: what compaction holds in memory.
ROWS: Final = 1 << 16
_PART: Final = re.compile(r"worlds-(\d+)\.parquet")


class Source(NamedTuple):
    """Where worlds lie: a part, or a row group of the table."""

    path: Path
    group: int


class Place(NamedTuple):
    """Where one world lies."""

    source: Source
    first: int
    rows: int


class WorldStore:
    """Parts and table of one experiment's folder.

    Args:
        folder: the results folder; need not exist before `open`.
        identity: what parts of this experiment are stamped with; None only reads.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.parts = folder / "parts"
        self.tables = folder / "tables"
        self.failures = folder / "failures"
        self.identity = identity
        #: Parts that could not be read; a resumed experiment makes their worlds again.
        self.damaged: list[Path] = []
        #: Seconds spent on reading parts since they were last made a table.
        self.reading = 0.0
        self._places: dict[int, dict[str, Place]] = {}
        self._loose: list[Source] = []
        self._grouped: list[Source] = []
        self._next = 0

    @property
    def table(self) -> Path:
        """The table of all worlds."""
        return self.tables / "worlds.parquet"

    # --- what is there ----------------------------------------------------------------------------------------------

    def scan(self, *, thorough: bool = False) -> WorldStore:
        """Look for finished worlds; returns itself.

        Args:
            thorough: read every part in full, before an experiment builds on it.

        Raises:
            InputError: the table is damaged, or a part belongs to another experiment.
        """
        self._places, self._loose, self._grouped, self.damaged, self.reading = {}, [], [], [], 0.0
        self._scan_table()
        for path in sorted(self.parts.glob("worlds-*.parquet")):
            if (match := _PART.fullmatch(path.name)) is None:
                continue
            self._next = max(self._next, int(match[1]) + 1)
            listing = self._listing(path, thorough)
            if listing is None:
                self.damaged.append(path)
            else:
                self._enter(path, listing)
        return self

    def has(self, replicate: int, arm: str) -> bool:
        """Whether a world is here."""
        return arm in self._places.get(replicate, ())

    def count(self) -> int:
        """How many worlds are here."""
        return sum(len(arms) for arms in self._places.values())

    def replicates(self) -> list[int]:
        """Replicates of which there is any world, ascending."""
        return sorted(number for number, arms in self._places.items() if arms)

    def arms(self) -> list[str]:
        """Labels of the worlds that are here, sorted."""
        return sorted(set().union(*self._places.values()))

    def sources(self) -> list[Source]:
        """Where worlds lie, in no order that means anything."""
        return [*self._grouped, *self._loose]

    def read(self, source: Source, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of one source, text as dictionaries. InputError when they cannot be read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = [key for key in tables.WORLD_KEYS[1:] if columns is None or key in columns]
        begun = time.perf_counter()
        try:
            # A plain file: the data set reader would take `replicate=...` in a folder's name for a column.
            with pq.ParquetFile(source.path, read_dictionary=texts) as file:
                return file.read_row_group(source.group, columns=None if columns is None else list(columns))
        except (pa.ArrowException, OSError, IndexError) as error:
            raise InputError(f"{source.path} cannot be read: {error}") from error
        finally:
            if source.path != self.table:
                self.reading += time.perf_counter() - begun

    # --- filling it -------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Make the folders and clear what a killed run left. StorageError when they cannot be made."""
        make_folder(self.parts)
        make_folder(self.tables)
        for folder in (self.folder, self.parts, self.tables):
            remove_temporary(folder)

    def commit(self, part: bytes, listing: Sequence[tuple[int, str, int]]) -> None:
        """Keep a batch's encoded worlds. StorageError when they cannot be written.

        Args:
            part: a Parquet file, see `batches.run_batch`.
            listing: replicate, arm and number of rows of each world in it, in its order.
        """
        make_folder(self.parts)
        path = self.parts / f"worlds-{self._next:06d}.parquet"
        write_bytes(path, part)
        self._next += 1
        self._enter(path, listing)
        for replicate, arm, _ in listing:
            self.failure_file(replicate, arm).unlink(missing_ok=True)

    def failure_file(self, replicate: int, arm: str) -> Path:
        """Where the traceback of a failed world goes; a hash tells labels apart that no file's name can hold."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", arm).strip("-")[:40]
        digest = hashlib.sha256(arm.encode()).hexdigest()[:8]
        return self.failures / f"replicate-{replicate:05d}-{plain}-{digest}.txt"

    def fail(self, replicate: int, arm: str, text: str) -> Path:
        """Record why a world failed; returns the file. StorageError when it cannot be written."""
        make_folder(self.failures)
        path = self.failure_file(replicate, arm)
        write_bytes(path, text.encode())
        return path

    def loose(self) -> int:
        """How many parts are not in the table yet."""
        return len(self._loose)

    def compact(self) -> None:
        """Gather all worlds in the table, sorted, holding some `ROWS` rows in memory at a time.

        Parts stay until `drop_parts`. StorageError when the table cannot be written.
        """
        with atomic(self.table) as file, contextlib.closing(tables.writer(file, tables.WORLDS)) as writer:
            for worlds in self._chunks():
                tables.append(writer, self._gather(worlds))
        self.reading = 0.0

    def drop_parts(self) -> None:
        """Remove the parts; only after `compact`."""
        shutil.rmtree(self.parts, ignore_errors=True)
        sync(self.folder)
        self.scan()

    def _chunks(self) -> Iterator[list[Place]]:
        """Worlds in order, as many as make a row group; where one ends must depend on the worlds alone."""
        chunk, rows = list[Place](), 0
        for _, arms in sorted(self._places.items()):
            for _, place in sorted(arms.items()):
                chunk.append(place)
                rows += place.rows
                if rows >= ROWS:
                    yield chunk
                    chunk, rows = [], 0
        if chunk:
            yield chunk

    def _gather(self, worlds: list[Place]) -> pa.Table:
        import pyarrow as pa

        schema = tables.schema(tables.WORLDS)
        pieces: list[Any] = [None] * len(worlds)
        by_source: dict[Source, list[int]] = {}
        for k, place in enumerate(worlds):
            by_source.setdefault(place.source, []).append(k)
        for source, members in by_source.items():
            # Dictionaries differ between parts: as plain text pieces fit together.
            found = self.read(source).replace_schema_metadata(None).cast(schema)
            for k in members:
                pieces[k] = found.slice(worlds[k].first, worlds[k].rows)
        return pa.concat_tables(pieces).combine_chunks()

    # --- reading ----------------------------------------------------------------------------------------------------

    def _enter(self, path: Path, listing: Sequence[tuple[int, str, int]]) -> None:
        source, first = Source(path, 0), 0
        for replicate, arm, rows in listing:
            self._places.setdefault(replicate, {}).setdefault(arm, Place(source, first, rows))
            first += rows
        self._loose.append(source)

    def _scan_table(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.table.exists():
            return
        try:
            with pq.ParquetFile(self.table, read_dictionary=["arm"]) as file:
                if file.schema_arrow.names != tables.schema(tables.WORLDS).names:
                    raise ValueError("its columns are not those of this version")
                for group in range(file.num_row_groups):
                    source = Source(self.table, group)
                    self._grouped.append(source)
                    for replicate, arm, first, rows in _runs(file.read_row_group(group, columns=["replicate", "arm"])):
                        self._places.setdefault(replicate, {})[arm] = Place(source, first, rows)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(
                f"{self.table} is damaged: {error}; remove it to make its rows again with --resume"
            ) from error

    def _listing(self, path: Path, thorough: bool) -> list[tuple[int, str, int]] | None:
        """What worlds a part holds; None when it is damaged. InputError when it belongs to another experiment."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                stamp = tables.identity_of(file.schema_arrow.metadata)
                if thorough:
                    file.read()
            found, listing = stamp["run"], [(int(r), str(arm), int(n)) for r, arm, n in stamp["worlds"]]
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
            return None
        if self.identity is not None and found != dict(self.identity):
            names = sorted(k for k in {*found, *self.identity} if found.get(k) != self.identity.get(k))
            raise InputError(f"{path} belongs to another run (different: {', '.join(names)}); use another --out")
        return listing


def _runs(table: pa.Table) -> Iterator[tuple[int, str, int, int]]:
    """Replicate, arm, first row and number of rows of each world of a sorted table."""
    arms = table.column("arm").combine_chunks()
    if not len(arms):
        return
    codes = np.asarray(arms.indices)
    replicates = table.column("replicate").to_numpy()
    labels = arms.dictionary.to_pylist()
    starts = np.flatnonzero(np.r_[True, (np.diff(codes) != 0) | (np.diff(replicates) != 0)])
    for first, end in zip(starts, [*starts[1:], len(codes)], strict=True):
        yield int(replicates[first]), labels[codes[first]], int(first), int(end - first)
