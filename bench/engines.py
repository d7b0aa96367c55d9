# SPDX-License-Identifier: GPL-2.0-or-later
"""What other engines take for a part of the readers' work: bench/engines.py LOG, with what is installed of

pip install polars pyarrow google-re2 hyperscan

`re`, `re2` and `hyperscan` only find the AVC records and what is between their stamp and their end; `polars` and
`pyarrow` also put the records of an event together and count equal ones (polars), or take heads apart (pyarrow).
`lines` is the readers' own first step, lines and heads; `policytool` is all of it, with the tally. Processor time,
of one thread where that can be chosen.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"
_AVC = rb"type=AVC msg=audit\(([0-9.:]+)\): ([^\n]*)"
_HEAD = r"^type=(\w+) msg=audit\(([0-9]{10}\.[0-9]{3}:[0-9]+)\): (.*)$"
_SIZE = 1 << 22


def blocks(log: Path) -> Iterator[bytes]:
    """Yield whole lines."""
    with log.open("rb") as stream:
        rest = b""
        while block := stream.read(_SIZE):
            cut = block.rfind(b"\n") + 1
            yield rest + block[:cut]
            rest = block[cut:]


def standard(log: Path) -> int:
    """Find records with `re`."""
    pattern = re.compile(_AVC)
    return sum(1 for block in blocks(log) for _ in pattern.finditer(block))


def re2(log: Path) -> int:
    """Find them with google-re2."""
    import re2  # type: ignore[import-not-found]

    pattern = re2.compile(_AVC)
    return sum(1 for block in blocks(log) for _ in pattern.finditer(block))


def hyperscan(log: Path) -> int:
    """Find their ends with hyperscan, which has no groups."""
    import hyperscan  # type: ignore[import-not-found]

    found = 0

    def on_match(*_: object) -> None:
        nonlocal found
        found += 1

    database = hyperscan.Database()
    database.compile([rb"type=AVC msg=audit\([0-9.:]+\): [^\n]*\n"], flags=hyperscan.HS_FLAG_SOM_LEFTMOST)
    for block in blocks(log):
        database.scan(block, match_event_handler=on_match)
    return found


def pyarrow(log: Path) -> int:
    """Take heads apart with pyarrow."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pa.set_cpu_count(1)
    pattern = r"^type=(?P<kind>\w+) msg=audit\((?P<stamp>[0-9.:]+)\): (?P<body>.*)$"
    return sum(len(pc.extract_regex(pa.array(block.split(b"\n"), pa.binary()), pattern)) for block in blocks(log))


def polars(log: Path) -> int:
    """Put events together and count equal ones with polars."""
    import polars as pl

    column = pl.col
    numbers = r" success=(?:yes|no) exit=[-0-9a-f =]+items=[0-9]+ ppid=[0-9]+ pid=[0-9]+"
    body = (
        pl.when(column("k") == "AVC")
        .then(column("b").str.replace(r" for  pid=[0-9]+ ", " for "))
        .when(column("k") == "SYSCALL")
        .then(column("b").str.replace(numbers, ""))
        .when(column("k").is_in(["PATH", "CWD", "USER_AVC"]))
        .then(column("b"))
        .otherwise(pl.lit(""))
    )
    events = 0
    for block in blocks(log):
        table = pl.read_csv(block, has_header=False, separator="\x01", quote_char=None, schema={"l": pl.String})
        heads = table.lazy().select(column("l").str.extract_groups(_HEAD).alias("g")).unnest("g")
        records = heads.rename({"1": "k", "2": "s", "3": "b"}).with_columns(body.alias("n"), r=column("s").rle_id())
        joined = records.group_by("r").agg(column("s").first(), column("k", "n").str.join("\n"))
        counted = joined.group_by("k", "n").agg(column("s").min().alias("first"), pl.len().alias("events"))
        events += counted.collect()["events"].sum()
    return events


def lines(log: Path) -> int:
    """Take lines and heads apart as the readers do."""
    found = 0
    for block in blocks(log):
        for line in BytesIO(block):
            begin, _, _ = line.partition(b"): ")
            begin.partition(b"(")
            found += 1
    return found


def policytool(log: Path) -> int:
    """Read the log."""
    from policytool.traces.bundle.bundle import TraceLog, observe_log

    return observe_log(TraceLog(str(log), "t", complete=False)).events


ENGINES: tuple[Callable[[Path], int], ...] = (standard, re2, hyperscan, pyarrow, polars, lines, policytool)


def main() -> None:
    """Run one engine after another, each in a process of its own, so that imports and memory count."""
    log = Path(sys.argv[1])
    for engine in ENGINES:
        child = os.fork()
        if not child:
            begin = time.process_time()
            try:
                found = engine(log)
            except ImportError as error:
                print(f"{engine.__name__:<12}{error}", flush=True)
                os._exit(0)
            usage = resource.getrusage(resource.RUSAGE_SELF)
            seconds = time.process_time() - begin
            print(f"{engine.__name__:<12}{seconds:6.2f} s {usage.ru_maxrss / 1024:6.0f} MiB  {found}", flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
