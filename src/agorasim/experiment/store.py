"""The results folder while a run fills it: one part a finished replication, then the tables.

Only the process that leads a run writes here. A part is durable before its replication counts as finished, tables are
durable before the parts that they hold are removed, and whatever is in both counts once: a run that is killed at any
moment can be resumed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agorasim.errors import InputError
from agorasim.experiment import tables
from agorasim.experiment.files import atomic, make_folder, remove_temporary, sync, write_bytes

if TYPE_CHECKING:
    import pyarrow as pa


class Store:
    """Parts and tables of one results folder.

    Args:
        folder: the results folder; need not exist before `open`.
        identity: what the parts of this run are stamped with; None only reads.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.parts = folder / "parts"
        self.tables = folder / "tables"
        self.failures = folder / "failures"
        self.identity = identity
        #: Parts that could not be read; a resumed run makes them again.
        self.damaged: list[Path] = []
        self._groups: dict[int, int] = {}
        self._parts: dict[int, Path] = {}
        self._file: Any = None

    # --- what is there ----------------------------------------------------------------------------------------------

    def scan(self, *, thorough: bool = False) -> Store:
        """Look for finished replications; returns itself.

        Args:
            thorough: read every part in full and compare what it was stamped with, before a run builds on it.

        Raises:
            InputError: the KPI table is damaged, or a part belongs to another run.
        """
        self._groups, self._file = self._row_groups(self.tables / "kpis.parquet")
        self._parts, self.damaged = {}, []
        for path in sorted(self.parts.glob("replicate-*.parquet")):
            number = path.stem.removeprefix("replicate-")
            if not number.isdigit() or int(number) in self._groups:
                continue
            beside = [self._part(name, int(number)) for name in tables.REPLICATE_TABLES]
            if all(self._sound(one, thorough) for one in (*filter(Path.exists, beside), path)):
                self._parts[int(number)] = path
            else:
                self.damaged.append(path)
        return self

    def finished(self) -> list[int]:
        """Replications whose rows are here, ascending."""
        return sorted({*self._groups, *self._parts})

    def loose(self) -> list[int]:
        """Finished replications that are not in the KPI table yet."""
        return sorted(self._parts)

    def read(self, replicate: int, columns: list[str] | None = None) -> pa.Table:
        """The KPI rows of one finished replication. InputError when they cannot be read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            if replicate in self._groups:
                return self._file.read_row_group(self._groups[replicate], columns=columns).replace_schema_metadata(None)
            # A plain file: the data set reader would take `replicate=...` in a folder's name for a column.
            with pq.ParquetFile(self._parts[replicate]) as file:
                return file.read(columns=columns).replace_schema_metadata(None)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"replicate {replicate} in {self.folder} cannot be read: {error}") from error

    def table(self, name: str) -> pa.Table | None:
        """A finished table, or replicate 0's part of it; None when there is neither. InputError when it is damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        for path in (self.tables / f"{name}.parquet", self.parts / f"{name}.parquet"):
            if path.exists():
                try:
                    with pq.ParquetFile(path) as file:
                        return file.read().replace_schema_metadata(None)
                except (pa.ArrowException, OSError) as error:
                    raise InputError(f"{path} is damaged: {error}") from error
        if name in tables.REPLICATE_TABLES:
            parts = [path for n in self.loose() if (path := self._part(name, n)).exists()]
            if parts:
                return pa.concat_tables([pq.read_table(path).replace_schema_metadata(None) for path in parts])
        return None

    # --- filling it -------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Make the folders for parts and clear what a killed run left. StorageError when they cannot be made."""
        make_folder(self.parts)
        make_folder(self.tables)
        for folder in (self.folder, self.parts, self.tables):
            remove_temporary(folder)
        shutil.rmtree(self.running, ignore_errors=True)

    @property
    def running(self) -> Path:
        """Where workers mark what they are at."""
        return self.parts / ".running"

    def commit(self, replicate: int, blobs: Mapping[str, bytes]) -> None:
        """Keep a finished replication's encoded tables. StorageError when they cannot be written."""
        # The KPI part is last: with it the replication counts as finished.
        for name in tables.GRAPH_TABLES:
            if name in blobs and replicate == 0:
                write_bytes(self.parts / f"{name}.parquet", blobs[name])
        for name in tables.REPLICATE_TABLES:
            if name in blobs:
                write_bytes(self._part(name, replicate), blobs[name])
        path = self._part("replicate", replicate)
        write_bytes(path, blobs[tables.KPIS])
        self._parts[replicate] = path
        self.failure_file(replicate).unlink(missing_ok=True)

    def _part(self, name: str, replicate: int) -> Path:
        return self.parts / f"{name}-{replicate:05d}.parquet"

    def failure_file(self, replicate: int) -> Path:
        """Where the traceback of a failed replication goes."""
        return self.failures / f"replicate-{replicate:05d}.txt"

    def fail(self, replicate: int, text: str) -> Path:
        """Record why a replication failed; returns the file. StorageError when it cannot be written."""
        make_folder(self.failures)
        path = self.failure_file(replicate)
        write_bytes(path, text.encode())
        return path

    def compact(self) -> None:
        """Gather parts into tables, one row group a replication, holding one replication in memory at a time.

        Parts stay until `drop_parts`. StorageError when the tables cannot be written.
        """
        for name in tables.GRAPH_TABLES:
            part = self.parts / f"{name}.parquet"
            if part.exists() and (table := self.table(name)) is not None:
                write_bytes(self.tables / f"{name}.parquet", tables.encode(table))
        for name in tables.REPLICATE_TABLES:
            self._gather(name)
        target = self.tables / "kpis.parquet"
        finished = self.finished()
        like = self.read(finished[0]).column_names if finished else ()
        with atomic(target) as file, contextlib.closing(tables.writer(file, tables.KPIS, like)) as writer:
            for replicate in finished:
                tables.append(writer, self.read(replicate))
        self.close()
        self._groups, self._file = self._row_groups(target)

    def _gather(self, name: str) -> None:
        """Put parts of a table that only some scenarios keep behind the rows that are in its file already."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        target = self.tables / f"{name}.parquet"
        groups, old = self._row_groups(target)
        with contextlib.ExitStack() as stack:
            if old is not None:
                stack.callback(old.close)
            found = [number for number in self.finished() if number in groups or self._part(name, number).exists()]
            if not any(number not in groups for number in found):
                return
            writer = stack.enter_context(contextlib.closing(tables.writer(stack.enter_context(atomic(target)), name)))
            for number in found:
                try:
                    if number in groups:
                        rows = old.read_row_group(groups[number])
                    else:
                        with pq.ParquetFile(self._part(name, number)) as file:
                            rows = file.read()
                except (pa.ArrowException, OSError) as error:
                    raise InputError(
                        f"{name} of replicate {number} in {self.folder} cannot be read: {error}"
                    ) from error
                if rows.num_rows:  # an empty row group could not be told apart again
                    tables.append(writer, rows)

    def drop_parts(self) -> None:
        """Remove the parts; only after `compact`."""
        self.close()
        shutil.rmtree(self.parts, ignore_errors=True)
        sync(self.folder)
        self.scan()

    def close(self) -> None:
        """Let go of open files."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # --- reading ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _row_groups(path: Path) -> tuple[dict[int, int], Any]:
        """Which row group of the KPI table holds which replication, and the open file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not path.exists():
            return {}, None
        try:
            file = pq.ParquetFile(path)
            column = file.schema_arrow.names.index("replicate")
            numbers = [
                file.metadata.row_group(group).column(column).statistics.min for group in range(file.num_row_groups)
            ]
        except (pa.ArrowException, OSError, ValueError, AttributeError) as error:
            raise InputError(f"{path} is damaged: {error}; remove it to make its rows again with --resume") from error
        return {int(number): group for group, number in enumerate(numbers)}, file

    def _sound(self, path: Path, thorough: bool) -> bool:
        """Whether a part can be read. InputError when it belongs to another run."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                found = tables.identity_of(file.schema_arrow.metadata)
                if thorough:
                    file.read()
        except (pa.ArrowException, OSError, ValueError):
            return False
        if self.identity is not None and found != dict(self.identity):
            names = sorted(k for k in {*found, *self.identity} if found.get(k) != self.identity.get(k))
            raise InputError(f"{path} belongs to another run (different: {', '.join(names)}); use another --out")
        return True
