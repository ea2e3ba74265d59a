import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from cxspark.contracts.distances import DISTANCES
from cxspark.report.distance_charts import chart_map
from cxspark.report.distance_maps import (
    Comparison,
    group_comparisons,
    select_small,
    summarize_distances,
)
from cxspark.report.findings import Findings, Origin
from cxspark.report.page import render_page
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.analytics import compare_customers

PLACES = {"a": 0.0, "b": 1.0, "c": 4.0}
PAIRS = [(one, other, PLACES[other] - PLACES[one]) for one, other in combinations(PLACES, 2)]


def comparison(mode: str, pairs: list[tuple[str, str, float]], source: str = "shop") -> Comparison:
    """What the transforms would make of the pairs."""
    cells = [Row(from_id=one, to_id=other, distance=apart) for one, other, apart in pairs]
    ordered = sorted((apart, one, other) for one, other, apart in pairs)
    near, far = (
        Row(distance=apart, from_id=one, to_id=other)
        for apart, one, other in (ordered[0], ordered[-1])
    )
    summary = Row(
        source=source,
        mode=mode,
        metric="euclidean",
        scale="standard",
        n_from=len({one for one, _, _ in pairs}),
        n_to=len({other for _, other, _ in pairs}),
        n_distances=len(pairs),
        mean=sum(apart for _, _, apart in pairs) / len(pairs),
        nearest=near,
        farthest=far,
    )
    return Comparison(summary, cells)


def n_squares(svg: str) -> int:
    """Squares of every strength; each is closed once."""
    shaded = [part for part in svg.split("<path ") if "var(--series-1)" in part]
    return sum(len(re.findall(r"z", part.split('"')[1])) for part in shaded)


@pytest.fixture(scope="module")
def distances(spark: SparkSession) -> DataFrame:
    rows = [("shop", "all_pairs", "euclidean", "none", *pair[:2], None, pair[2]) for pair in PAIRS]
    rows += [
        ("shop", "between", "euclidean", "none", f"u{place}", "v", None, 2.0) for place in range(4)
    ]
    rows += [("bank", "nearest", "euclidean", "none", "x", "y", 1, 0.0)]
    return spark.createDataFrame(rows, DISTANCES.schema)


def test_each_set_is_summed_up_with_its_ends_and_ties_by_id(distances: DataFrame) -> None:
    found = [tuple(row)[1:2] + tuple(row)[4:] for row in summarize_distances(distances).collect()]
    assert found == [
        ("nearest", 1, 1, 1, 0.0, (0.0, "x", "y"), (0.0, "x", "y")),
        ("all_pairs", 2, 2, 3, 8 / 3, (1.0, "a", "b"), (4.0, "a", "c")),
        ("between", 4, 1, 4, 2.0, (2.0, "u0", "v"), (2.0, "u3", "v")),
    ]


def test_only_small_sets_are_kept_pair_by_pair_and_never_the_nearest(distances: DataFrame) -> None:
    found = select_small(distances, n=3).collect()
    assert sorted(tuple(row)[4:] for row in found) == PAIRS
    assert {row["mode"] for row in found} == {"all_pairs"}


def test_every_set_gets_its_own_cells(distances: DataFrame) -> None:
    cells = select_small(distances, n=4).collect()
    found = group_comparisons(summarize_distances(distances).collect(), cells)
    n_cells = {(one.summary["source"], one.summary["mode"]): len(one.cells) for one in found}
    assert n_cells == {("bank", "nearest"): 0, ("shop", "all_pairs"): 3, ("shop", "between"): 4}


def test_a_pair_of_one_set_stands_on_both_sides_of_the_diagonal() -> None:
    chart = chart_map(comparison("all_pairs", PAIRS), "m")
    assert n_squares(chart.wide) == 6
    assert chart.wide.count(">3<") == 2
    assert chart.sentence.striptags() == (
        "The stronger a square, the nearer the two are to each other, by euclidean, features "
        "standardised: a and b are nearest, 1 apart; a and c are farthest, 4."
    )


def test_two_sets_stand_one_beside_the_other() -> None:
    chart = chart_map(comparison("between", [("a", "v", 1.0), ("b", "v", 1.0)]), "m")
    assert n_squares(chart.wide) == 2
    assert chart.title == "shop: customers of one set and of another"


def test_equal_distances_are_all_of_the_strongest_shade() -> None:
    svg = chart_map(comparison("between", [("a", "v", 1.0), ("b", "v", 1.0)]), "m").wide
    assert "var(--on-bar)" in svg


def test_many_columns_have_no_numbers() -> None:
    many = [("a", f"v{place:02}", float(place)) for place in range(12)]
    chart = chart_map(comparison("between", many), "m")
    assert n_squares(chart.narrow) == 12
    assert ">11<" not in chart.narrow


def test_long_ids_are_told_by_their_ends() -> None:
    pairs = [(f"customer-number-{place}", "v", 1.0) for place in (1, 2)]
    svg = chart_map(comparison("between", pairs), "m").narrow
    assert re.findall(r">(…[^<]*)<", svg) == ["…mber-1", "…mber-2"]


def test_the_page_shows_small_sets_and_counts_all(empty: Findings, origin: Origin) -> None:
    drawn = comparison("all_pairs", PAIRS, source="<b>shop")
    large = Comparison(comparison("nearest", PAIRS).summary)
    found = replace(empty, comparisons=[drawn, large])
    html = render_page(found, origin, title="t", algorithm="user_knn")
    section = html[html.index('<section id="distances">') : html.index('<section id="more">')]
    assert section.count("<figure>") == 1
    assert "<b>shop" not in section
    assert 'data-metric="distances:shop:nearest:euclidean:standard:n" data-value="3"' in section


def test_without_distances_the_page_says_what_to_run(empty: Findings, origin: Origin) -> None:
    html = render_page(empty, origin, title="t", algorithm="user_knn")
    assert "run <code>compute_distances</code>" in html


def test_the_table_s_sets_are_read_and_none_where_there_is_no_table(
    spark: SparkSession, tmp_path: Path, distances: DataFrame
) -> None:
    def tables() -> Tables:
        return Tables(spark, Location(root=str(tmp_path)), Run("build_report", "r1"))

    assert compare_customers(tables(), n=3) == []
    tables().overwrite(DISTANCES, distances)
    assert [len(one.cells) for one in compare_customers(tables(), n=3)] == [0, 3, 0]
