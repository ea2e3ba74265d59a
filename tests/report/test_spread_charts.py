from pyspark.sql import Row

from cxspark.report.spread_charts import (
    chart_distances,
    chart_long_tail,
    chart_matrix,
    chart_reach,
    chart_user_sizes,
    doublings,
)


def size(doubling: int, n_groups: int, n_rows: int) -> Row:
    return Row(doubling=doubling, n_groups=n_groups, n_rows=n_rows)


def test_the_long_tail_is_told_at_the_bucket_nearest_to_a_fifth() -> None:
    chart = chart_long_tail([size(6, 10, 700), size(5, 15, 500), size(1, 75, 300)])
    assert chart.sentence.striptags() == (
        "The 25 most popular of 100 items (25%) draw 80% of all events."
    )


def test_items_of_equal_popularity_have_no_tail() -> None:
    chart = chart_long_tail([size(0, 4, 4)])
    assert "The 4 most popular of 4 items (100%) draw 100%" in chart.sentence.striptags()


def test_classes_of_sizes_have_no_gap_and_large_ones_no_end() -> None:
    found = doublings([size(7, 1, 160), size(7, 2, 400), size(4, 1, 20), size(0, 5, 5)])
    assert found == {
        "1": 5,
        "2-3": 0,
        "4-7": 0,
        "8-15": 0,
        "16-31": 1,
        "32-63": 0,
        "64-127": 0,
        "128+": 3,
    }


def test_customers_are_told_by_their_mean_and_their_largest_group() -> None:
    chart = chart_user_sizes([size(1, 2, 5), size(0, 1, 1)])
    assert chart.sentence.striptags() == (
        "A customer has 2 items on average; the largest group, 2 of 3 customers, has 2-3 items."
    )


def test_items_never_recommended_are_counted_too() -> None:
    chart = chart_reach([size(0, 3, 3)], 12)
    assert chart.sentence.striptags() == (
        "3 of 12 items (25%) are recommended to at least one customer."
    )
    assert "none" in chart.wide


def test_the_matrix_is_as_full_as_its_picture() -> None:
    chart = chart_matrix(Row(n_users=10, n_items=20, n_cells=4))
    assert "4 of 200 pairs of 10 customers and 20 items are known, 2%" in chart.sentence.striptags()
    filled = next(part for part in chart.wide.split("<path ") if "var(--series-1)" in part)
    assert filled.count("M ") == 20  # 2% of 1,000 squares


def test_a_matrix_nearly_empty_has_no_square_and_a_full_one_all() -> None:
    assert "0.01%" in chart_matrix(Row(n_users=1000, n_items=1000, n_cells=3)).sentence
    assert "100%" in chart_matrix(Row(n_users=2, n_items=2, n_cells=4)).sentence


def test_distances_are_counted_in_pairs_and_customers() -> None:
    bins = [
        Row(metric="cosine", bin=0, low=0.0, high=0.5, n_nearest=900, n_others=100),
        Row(metric="cosine", bin=1, low=0.5, high=1.0, n_nearest=100, n_others=1900),
    ]
    chart = chart_distances(bins)
    assert chart.sentence.striptags() == (
        "Neighbours were found for 1,000 customers, 3,000 pairs in all; the commonest distance is "
        "from 0.5 to 1."
    )


def test_neighbors_all_alike_are_drawn() -> None:
    same = Row(metric="jaccard", bin=0, low=0.0, high=0.0, n_nearest=1, n_others=0)
    chart = chart_distances([same])
    assert "found for 1 customer, 1 pair in all" in chart.sentence.striptags()
    assert "var(--series-1)" in chart.narrow
