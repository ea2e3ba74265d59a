"""ALS as a recommender among others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from cxspark.contracts.errors import ContractError
from cxspark.distance import RowBlock, spare_modules
from cxspark.evaluation.recommender import Training
from cxspark.factorization.als import INDEXED_CELLS, Als
from cxspark.factorization.fold_in import FoldIn
from cxspark.factorization.item_products import damped
from cxspark.factorization.scoring import PersonalRecommender, PersonalScorer, Scores

# Users of a block have numbers of their own below this.
_BLOCK_USERS = 1 << 16


@dataclass(frozen=True)
class AlsRecommender(PersonalRecommender):
    """Alternating least squares; every user is folded in from her row, as training would.

    Attributes:
        half_life_days: days after which a weight counts half.
        rank: numbers per user and item.
        reg: the penalty.
        alpha: confidence for each unit of damped weight.
        iterations: of all items, then all users.
        seed: of the factors it starts from.
    """

    half_life_days: float | None = 30.0
    rank: int = 64
    reg: float = 0.1
    alpha: float = 10.0
    iterations: int = 10
    seed: int = 42
    algorithm: ClassVar[str] = "als"

    def fit(self, training: Training) -> PersonalScorer:
        """Cost: MLlib's (``Als``); the items' factors come to the driver."""
        als = Als(
            rank=self.rank,
            reg=self.reg,
            alpha=self.alpha,
            iterations=self.iterations,
            seed=self.seed,
        ).fit(cells_of_blocks(training.rows(self.half_life_days)))
        found = als.item_factors_.toArrow()
        factors = np.zeros((training.n_items, self.rank), np.float32)
        numbers = found["factors"].combine_chunks().values.to_numpy()
        factors[found["item_index"].to_numpy()] = numbers.reshape(-1, self.rank)
        return FoldInScorer(FoldIn(factors, reg=self.reg, alpha=self.alpha, implicit=True))


@dataclass(frozen=True)
class FoldInScorer:
    """Scores by factors, those of the users from their rows.

    Attributes:
        fold_in: the items' factors and how users' follow from them.
    """

    fold_in: FoldIn

    def score(self, rows: csr_matrix) -> Iterator[Scores]:
        """Users x items; zeros for a user with nothing in her row."""
        items = self.fold_in.items
        yield self.fold_in.users(damped(rows, items.shape[0])) @ items.T

    def parts(self, rows: csr_matrix, columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """As ``FoldIn.contributions`` has it."""
        parts, _ = self.fold_in.contributions(damped(rows, self.fold_in.items.shape[0]), columns)
        return parts


def cells_of_blocks(blocks: DataFrame) -> DataFrame:
    """Rows in blocks as cells that MLlib takes (``INDEXED_CELLS``), weights damped.

    A user's number is her block's and her place in it. Cells without a positive weight are left
    out. No shuffle.
    """
    cells = blocks.select("block", "rows").mapInArrow(_unpack, INDEXED_CELLS.schema)
    return cells.select(*INDEXED_CELLS.columns)


def _unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    spare_modules()
    for batch in batches:
        for block, stream in zip(batch["block"].to_pylist(), batch["rows"], strict=True):
            rows = damped(matrix := RowBlock.from_bytes(stream.as_buffer()).matrix, matrix.shape[1])
            rows.eliminate_zeros()
            if rows.shape[0] > _BLOCK_USERS or block >= _BLOCK_USERS // 2:
                raise ContractError(
                    "row blocks",
                    f"at most {_BLOCK_USERS // 2} blocks of {_BLOCK_USERS} users",
                    f"block {block} of {rows.shape[0]}",
                    "pack users into blocks of another size",
                )
            cells = rows.tocoo()
            columns = [
                pa.array(block * _BLOCK_USERS + cells.row, pa.int32()),
                pa.array(cells.col, pa.int32()),
                pa.array(cells.data),
            ]
            yield pa.RecordBatch.from_arrays(columns, names=INDEXED_CELLS.columns)
