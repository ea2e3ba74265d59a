"""How often each value of each feature comes with each label, all features in one pass."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from cxspark.contracts.features import FeatureNames

# Rows looked at together: enough to make most counts small, few enough for a worker's memory.
_CHUNK_ROWS = 2**17
LABELS = -1
"""The place of the counts that are of no feature, but of the labels alone."""

_PARTS = StructType(
    [
        StructField("place", IntegerType()),
        StructField("number", DoubleType()),
        StructField("category", StringType()),
        StructField("label", StringType()),
        StructField("n", LongType()),
        StructField("is_exact", BooleanType()),
    ]
)
_ARROW = pa.schema(
    [
        ("place", pa.int32()),
        ("number", pa.float64()),
        ("category", pa.string()),
        ("label", pa.string()),
        ("n", pa.int64()),
        ("is_exact", pa.bool_()),
    ]
)
_KEYS = [field.name for field in _PARTS.fields if field.name != "n"]
_Batches = Iterator[pa.RecordBatch]


def count_values(
    rows: DataFrame, names: FeatureNames, *, max_values: int, n_bins: int
) -> DataFrame:
    """The counts of every value of every feature by label.

    A chunk of rows in which a number has more than `max_values` values gives, in place of their
    counts, points of its distribution: every s-th of its values by size, standing for s of them.
    Where s is a chunk's rows / `n_bins`, quantiles of these points are true to 1 in `n_bins`.

    Args:
        rows: `FEATURE_ROWS`.
        names: what its arrays hold.
        max_values: see above.
        n_bins: see above.

    Returns:
        One row per place x number x category x label x is_exact, with n. The place of a number is
        its own in `names.numbers`, that of a category comes after them; one of the two values is
        null. Unknown values and rows without a label aren't in it. Points have no label and aren't
        exact. The place `LABELS` has the labels alone, null among them.

    Cost: one pass. Values are counted in Arrow before anything is shuffled: what is left is a row
    per value and label of a chunk of 131,072 rows, for an identifier a row per row.
    """
    n_numbers, n_categories = len(names.numbers), len(names.categories)

    def count(batches: _Batches) -> _Batches:
        for chunk in _chunks(batches):
            everyone = pa.array(np.zeros(chunk.num_rows, np.int32))
            unlabelled = chunk["label"].null_count
            yield _counted(LABELS, everyone, pa.array([None], pa.string()), chunk["label"])
            yield _batch({"place": [LABELS], "n": [unlabelled], "is_exact": [True]})
            for place in range(n_numbers):
                values = pc.list_element(chunk["numbers"], place)
                encoded = values.dictionary_encode()
                if len(encoded.dictionary) > max_values:
                    yield _points(place, values, chunk["label"], n_bins)
                else:
                    yield _counted(place, encoded.indices, encoded.dictionary, chunk["label"])
            for place in range(n_categories):
                encoded = pc.list_element(chunk["categories"], place).dictionary_encode()
                yield _counted(
                    n_numbers + place, encoded.indices, encoded.dictionary, chunk["label"]
                )

    return _summed(rows.select("numbers", "categories", "label"), count)


def count_bins(rows: DataFrame, *, cuts: Mapping[int, Sequence[float]]) -> DataFrame:
    """The counts of numbers by label, between cut points instead of value by value.

    Args:
        rows: `FEATURE_ROWS`.
        cuts: place in the numbers -> its cut points, ascending. A bin reaches from above the cut
            before it up to its own, which stands for it; the last one's is infinity.

    Returns:
        As `count_values`, of these numbers, not exact.

    Cost: one pass over labels and numbers; a row per bin and label of a chunk is shuffled.
    """
    edges = {place: np.asarray(points, np.float64) for place, points in cuts.items()}

    def count(batches: _Batches) -> _Batches:
        for chunk in _chunks(batches):
            for place, points in edges.items():
                values = pc.list_element(chunk["numbers"], place)
                found = np.searchsorted(points, values.to_numpy(zero_copy_only=False))
                index = pa.array(found, mask=values.is_null().to_numpy(zero_copy_only=False))
                names = pa.array(np.append(points, np.inf))
                yield _counted(place, index, names, chunk["label"], is_exact=False)

    return _summed(rows.select("numbers", "label"), count)


def _summed(rows: DataFrame, count: Callable[[_Batches], _Batches]) -> DataFrame:
    parts = rows.mapInArrow(count, _PARTS)
    return parts.groupBy(*_KEYS).agg(F.sum("n").alias("n")).select(*_PARTS.names)


def _chunks(batches: _Batches) -> Iterator[pa.RecordBatch]:
    """The rows again, in few and large batches."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= _CHUNK_ROWS:
            yield from _joined(waiting)
            waiting = []
    if waiting:
        yield from _joined(waiting)


def _joined(batches: Sequence[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """The rows in one batch; in none where there are none. PyArrow 18 has no concat_batches."""
    found: list[pa.RecordBatch] = pa.Table.from_batches(batches).combine_chunks().to_batches()
    return found


def _counted(
    place: int, index: pa.Array, values: pa.Array, label: pa.Array, *, is_exact: bool = True
) -> pa.RecordBatch:
    """How often each of the values comes with each label.

    Args:
        place: the feature's.
        index: row -> its value's place among `values`, null where it isn't known.
        values: numbers or texts.
        label: of each row, may be null.
        is_exact: what to say of them.
    """
    labels = label.dictionary_encode()
    n_labels = len(labels.dictionary)
    cell = pc.add(pc.multiply(index, n_labels), labels.indices).drop_null()
    counts = np.bincount(cell.to_numpy(), minlength=len(values) * n_labels)
    (kept,) = np.nonzero(counts)
    kind = "number" if pa.types.is_floating(values.type) else "category"
    return _batch(
        {
            "place": np.full(kept.size, place, np.int32),
            kind: values.take(pa.array(kept // max(n_labels, 1))),
            "label": labels.dictionary.take(pa.array(kept % max(n_labels, 1))),
            "n": counts[kept],
            "is_exact": np.full(kept.size, is_exact),
        }
    )


def _points(place: int, values: pa.Array, label: pa.Array, n_bins: int) -> pa.RecordBatch:
    """Every s-th of the numbers that come with a label, by size; the last one too."""
    known: NDArray[np.float64] = np.sort(values.filter(label.is_valid()).drop_null().to_numpy())
    step = max(known.size // n_bins, 1)
    last = np.unique(np.append(np.arange(step, known.size, step), known.size))
    last = last[last > 0]
    return _batch(
        {
            "place": np.full(last.size, place, np.int32),
            "number": known[last - 1],
            "n": np.diff(last, prepend=0),
            "is_exact": np.zeros(last.size, bool),
        }
    )


def _batch(columns: Mapping[str, object]) -> pa.RecordBatch:
    """A batch of the parts, null in the columns that aren't given."""
    size = len(columns["place"])  # type: ignore[arg-type]  # each is a list or an array
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(size, field.type)
        for field in _ARROW
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=_ARROW)
