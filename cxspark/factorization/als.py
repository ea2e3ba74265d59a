"""Alternating least squares by MLlib: users and items as vectors."""

from typing import Self

from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DoubleType, FloatType, IntegerType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.keeping import keep, release
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX, USER_ITEM
from cxspark.contracts.table import Table, column

INDEXED_CELLS = Table(
    name="indexed cells",
    grain="one row per user_index x item_index",
    schema=StructType(
        [
            column("user_index", IntegerType(), "who, from 0"),
            column("item_index", IntegerType(), "what, from 0"),
            column("value", DoubleType(), "weight or mark; finite"),
        ]
    ),
    key=("user_index", "item_index"),
)

_REMEDY = "rebuild gold.user_item and its dictionaries; look for weights that aren't finite"


class Als:
    """Factors by alternating least squares; ``FoldIn`` has the equations.

    The items are solved first and the users last in each iteration, so users' factors are those
    that fit the items' exactly.

    Args:
        rank: numbers per user and item, from 1.
        reg: the penalty, times the weights that a user or item has (ALS-WR); not negative.
        alpha: confidence for each unit of weight; implicit only; not negative.
        iterations: each solves all items, then all users.
        implicit: weights are confidence. Zero says nothing and is left out; a negative weight is
            confidence that she doesn't want the item. Who has nothing positive, user or item, has
            no factors: they would be zero. Explicit: all weights are marks to be met.
        seed: of the factors it starts from.
        blocks: parts into which users and items are cut, each a task. At least the cluster's cores;
            up to four times as many hardly matter, eight times as many took a fifth longer.
        checkpoint_interval: iterations after which the factors are written to disk, where the
            session has a folder for it (``spark.checkpoint.dir``, or Databricks' own).

    Attributes:
        user_factors_: user_index, factors (array of float): one row per user learnt from.
        item_factors_: item_index, factors: one row per item learnt from.
        n_cells_: cells that were learnt from.
    """

    def __init__(
        self,
        *,
        rank: int = 64,
        reg: float = 0.1,
        alpha: float = 1.0,
        iterations: int = 15,
        implicit: bool = True,
        seed: int = 42,
        blocks: int = 4,
        checkpoint_interval: int = 10,
    ) -> None:
        self.rank = rank
        self.reg = reg
        self.alpha = alpha
        self.iterations = iterations
        self.implicit = implicit
        self.seed = seed
        self.blocks = blocks
        self.checkpoint_interval = checkpoint_interval

    def fit(self, cells: DataFrame) -> Self:
        """Learn from the cells: user_index, item_index, value (``INDEXED_CELLS``).

        Raises:
            ContractError: a column is missing or of another type; an index is null (an id that the
                dictionary doesn't have) or negative; a value is null or not finite in single
                precision, which MLlib calculates in; there is nothing to learn from; the equations
            have no one solution.

        Cost: the cells are materialised, checked in the same pass, and released. Each iteration
        shuffles the factors twice, once for each block that needs them, and takes rank squared
        operations a cell and rank cubed for each user and item: in Java, unless the nodes have
        libopenblas (libblas.so.3, liblapack.so.3), by which an iteration takes two thirds.
        """
        require_columns(cells, INDEXED_CELLS)
        value = F.col("value").cast("float").alias("value")
        # MLlib reads its input more than once, and breaks where it isn't the same each time.
        ratings = keep(cells.select("user_index", "item_index", value))
        self.n_cells_, n_negative = self._check(ratings)
        learnt = ratings.where("value != 0") if self.implicit else ratings
        if self.implicit and n_negative:
            learnt = keep(_with_a_positive(learnt))
            self.n_cells_ = learnt.count()
        model = self._solved(learnt)
        release(learnt, ratings)
        self.user_factors_ = _named(model.userFactors, "user_index")
        self.item_factors_ = _named(model.itemFactors, "item_index")
        return self

    def _solved(self, cells: DataFrame) -> ALSModel:
        estimator = ALS(
            rank=self.rank,
            maxIter=self.iterations,
            regParam=self.reg,
            alpha=self.alpha,
            implicitPrefs=self.implicit,
            userCol="user_index",
            itemCol="item_index",
            ratingCol="value",
            seed=self.seed,
            numUserBlocks=self.blocks,
            numItemBlocks=self.blocks,
            nonnegative=False,
            checkpointInterval=self.checkpoint_interval,
        )
        try:
            return estimator.fit(cells)
        except Exception as error:  # its class differs between classic Spark and Connect
            if "SingularMatrix" not in str(error):
                raise
            expected = f"equations of rank {self.rank} with one solution"
            found = f"none for a user or item, with reg {self.reg:g}"
            remedy = "train with reg above 0, or a lower rank"
            raise ContractError(INDEXED_CELLS.name, expected, found, remedy) from error

    def _check(self, ratings: DataFrame) -> tuple[int, int]:
        """One pass over the cells, which also materialises them.

        Returns:
            Cells to learn from, and those of them that are negative.
        """
        value = F.col("value")
        indices = [F.col("user_index"), F.col("item_index")]
        infinite = F.abs(value) == F.lit(float("inf"))
        found = ratings.agg(
            F.count_if(indices[0].isNull() | indices[1].isNull()).alias("null indices"),
            F.count_if((indices[0] < 0) | (indices[1] < 0)).alias("negative indices"),
            F.count_if(value.isNull()).alias("null values"),
            F.count_if(F.isnan(value)).alias("NaN values"),
            F.count_if(infinite).alias("infinite values"),
            F.count_if(value != 0 if self.implicit else value.isNotNull()).alias("n_cells"),
            F.count_if(value > 0 if self.implicit else value.isNotNull()).alias("n_learnt"),
            F.count_if(value < 0).alias("n_negative"),
        ).collect()[0]
        wrong = [f"{found[name]} {name}" for name in found.asDict() if not name.startswith("n_")]
        wrong = [text for text in wrong if not text.startswith("0 ")]
        if wrong:
            expected = "indices that the dictionaries have, and finite values"
            raise ContractError(INDEXED_CELLS.name, expected, ", ".join(wrong), _REMEDY)
        if not found["n_learnt"]:
            wanted = "a positive value" if self.implicit else "a cell"
            raise ContractError(INDEXED_CELLS.name, f"at least {wanted}", "none", _REMEDY)
        return found["n_cells"], found["n_negative"]


def _with_a_positive(cells: DataFrame) -> DataFrame:
    """The cells of users and items that have a positive one.

    MLlib's penalty counts these alone: the equations of others may have no solution.
    """
    for index in ("user_index", "item_index"):
        liked = cells.where("value > 0").select(index).distinct()
        cells = cells.join(liked, index, "left_semi")
    return cells


def index_cells(user_item: DataFrame, users: DataFrame, items: DataFrame) -> DataFrame:
    """The matrix by the integers of its ids' dictionaries, as MLlib takes it.

    Args:
        user_item: user_id x item_id, one row each (``USER_ITEM``).
        users: ``USER_INDEX``.
        items: ``ITEM_INDEX``.

    Returns:
        ``INDEXED_CELLS``: a row for each of the matrix. An index is null where the dictionary
        hasn't the id, which ``Als.fit`` refuses.

    Cost: a join on user_id and one on item_id; Spark broadcasts a dictionary that is small.
    """
    require_columns(user_item, USER_ITEM, ["user_id", "item_id", "weight"])
    require_columns(users, USER_INDEX)
    require_columns(items, ITEM_INDEX)
    return (
        user_item.join(users, "user_id", "left")
        .join(items, "item_id", "left")
        .select("user_index", "item_index", F.col("weight").alias("value"))
    )


def _named(factors: DataFrame, index: str) -> DataFrame:
    """MLlib's frame of factors with our column names."""
    numbers = F.col("features").cast(ArrayType(FloatType())).alias("factors")
    return factors.select(F.col("id").cast("int").alias(index), numbers)
