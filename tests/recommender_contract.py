"""What every recommender must do: a test of one subclasses this and gives it."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from pyspark.sql import Row, SparkSession

from cxspark.evaluation.recommender import Recommender
from cxspark.steps.training import EventTraining

AT = datetime(2026, 3, 1, tzinfo=UTC)
N = 3
USERS, ITEMS = 30, 12

# variant, user_id -> the list, by rank
Lists = dict[tuple[int, str], list[Row]]


def events() -> list[tuple[str, str, str, datetime]]:
    """Users of two tastes, one who has everything, and one who gave her only item back."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(USERS):
        taste = range(0, 6) if user % 2 else range(6, 12)
        for item in rng.choice(list(taste), 3, replace=False):
            days = float(rng.uniform(1, 60))
            rows.append((f"u{user}", f"i{item:02d}", "purchase", AT - timedelta(days=days)))
    rows += [("all", f"i{item:02d}", "purchase", AT - timedelta(days=5)) for item in range(ITEMS)]
    rows.append(("gave back", "i00", "return", AT - timedelta(days=2)))
    return rows


@cache
def training(spark: SparkSession, *asked: str) -> EventTraining:
    frame = spark.createDataFrame(
        events(), "user_id string, item_id string, event_type string, event_at timestamp"
    )
    users = spark.createDataFrame([(user,) for user in asked], "user_id string") if asked else None
    return EventTraining(frame, at=AT, weights={"purchase": 1.0, "return": -1.0}, asked=users)


@cache
def lists_of(recommender: Recommender, spark: SparkSession) -> Lists:
    found: Lists = defaultdict(list)
    for row in recommender.recommend(training(spark), n=N).orderBy("rank").collect():
        found[row["variant"], row["user_id"]].append(row)
    return found


def told(row: Row) -> tuple[object, ...]:
    return (*(row[name] for name in ("variant", "user_id", "rank", "column_index")),)


class RecommenderContract:
    """Subclass it with a class attribute `recommender`."""

    recommender: Recommender
    is_filled_up = False  # lists that are too short are filled up by popularity

    @pytest.fixture
    def lists(self, spark: SparkSession) -> Lists:
        return lists_of(self.recommender, spark)

    def test_every_variant_has_a_full_list_for_every_user(self, lists: Lists) -> None:
        users = [*(f"u{user}" for user in range(USERS)), "gave back"]
        variants = range(len(self.recommender.variants))
        assert {key for key, rows in lists.items() if len(rows) == N} == {
            (variant, user) for variant in variants for user in users
        }

    def test_who_has_everything_gets_nothing(self, lists: Lists) -> None:
        assert not [key for key in lists if key[1] == "all"]

    def test_ranks_count_from_1(self, lists: Lists) -> None:
        assert all(
            [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
            for rows in lists.values()
        )

    def test_an_item_is_in_a_list_once(self, lists: Lists) -> None:
        assert all(
            len({row["column_index"] for row in rows}) == len(rows) for rows in lists.values()
        )

    def test_what_a_user_has_isnt_recommended(self, lists: Lists, spark: SparkSession) -> None:
        columns = {row["item_id"]: row["column_index"] for row in training(spark).items.collect()}
        seen = {(user, columns[item]) for user, item, _, _ in events()}
        rows = [row for found in lists.values() for row in found]
        assert not seen & {(row["user_id"], row["column_index"]) for row in rows}

    def test_greater_scores_come_first_and_of_equal_ones_the_smaller_column(
        self, lists: Lists
    ) -> None:
        for rows in lists.values():
            keys = [(-row["score"], row["column_index"]) for row in rows]
            breaks = [at for at in range(1, len(keys)) if keys[at] < keys[at - 1]]
            # Where popularity fills a list up, its own order begins anew there, once.
            assert len(breaks) <= int(self.is_filled_up)

    def test_only_those_asked_for_get_lists_and_the_same_ones(
        self, lists: Lists, spark: SparkSession
    ) -> None:
        asked = ("u3", "u4")
        found = self.recommender.recommend(training(spark, *asked), n=N).collect()
        expected = [row for (_, user), rows in lists.items() if user in asked for row in rows]
        assert sorted(map(told, found)) == sorted(map(told, expected))

    def test_its_settings_tell_it_from_its_variants(self) -> None:
        told = [json.loads(variant.settings()) for variant in self.recommender.variants]
        assert len({json.dumps(one) for one in told}) == len(self.recommender.variants)
        assert {one["algorithm"] for one in told} == {self.recommender.algorithm}
