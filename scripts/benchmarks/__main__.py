"""``scripts/bench``: runs the benches and prints what they found."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator

from pyspark.sql import SparkSession

from benchmarks import als, classify, gain, growth, increment, kmeans, knn, matrix, topk
from benchmarks.frame import HEADER, Row
from cxspark.runtime.session import open_session

BENCHES: dict[str, Callable[[SparkSession, float], Iterator[Row]]] = {
    "knn": knn.run,
    "classify": classify.run,
    "topk": topk.run,
    "als": als.run,
    "kmeans": kmeans.run,
    "matrix": matrix.run,
    "increment": increment.run,
    "gain": gain.run,
    "growth": growth.run,
}


def main() -> int:
    """Exit code 0 where every result equals its peer's, else 1; times decide nothing."""
    options = _parser().parse_args()
    # Libraries print too: what isn't a result goes to stderr.
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    spark = open_session({"spark.driver.memory": "4g"}, name="bench")
    if not options.json:
        print(HEADER, file=results, flush=True)
    all_equal = True
    for name in options.names or BENCHES:
        for row in BENCHES[name](spark, options.scale):
            print(row.as_json() if options.json else row.as_line(), file=results, flush=True)
            all_equal &= row.equal
    spark.stop()
    return 0 if all_equal else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; or all")
    parser.add_argument("--json", action="store_true", help="one object a line, nothing else")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the data; 1: full size")
    options = parser.parse_known_args()[0]
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"no bench named {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
