import re

import pytest
from pyspark.sql import Row

from cxspark.report.board import Board, lay_out_board
from cxspark.report.board_charts import chart_cost, chart_groups, chart_quality
from cxspark.report.findings import Evaluation


def with_values(rows: list[Row], **values: object) -> list[Row]:
    return [Row(**{**row.asDict(), **values}) for row in rows]


@pytest.fixture(scope="module")
def board(evaluation: Evaluation) -> Board:
    board = lay_out_board(evaluation.metrics, evaluation.trials)
    assert board is not None
    return board


def test_the_best_is_first_and_default_and_baseline_are_marked(board: Board) -> None:
    assert [(one.algorithm, one.seconds, one.role) for one in board.standings] == [
        ("blend", 3.5, "series-1"),
        ("als", 10.0, "series-5"),
        ("popular_recent", 0.75, "series-3"),
    ]
    assert (board.default, board.baseline) == ("blend", "popular_recent")
    assert board.protocol["algorithm"] == "blend"


def test_only_metrics_that_are_there_are_columns(board: Board) -> None:
    assert board.columns == {"hit_rate": "Hit rate"}
    assert board.standings[2].others["hit_rate"]["value"] == pytest.approx(0.16)


def test_groups_are_in_the_order_of_their_numbers(board: Board) -> None:
    assert [group.name for group in board.groups] == [
        "history of 6-20 items",
        "history of 21+ items",
    ]
    assert [group.default["n_users"] for group in board.groups] == [60, 40]


def test_trials_stand_in_the_board_s_order(board: Board) -> None:
    assert [(row["algorithm"], words) for row, words in board.tried] == [
        ("blend", "<i>"),
        ("als", "rank 8"),
    ]


def test_no_metrics_make_no_board(evaluation: Evaluation) -> None:
    assert lay_out_board([], []) is None
    others = [row for row in evaluation.metrics if row["metric"] != "ndcg"]
    assert lay_out_board(others, evaluation.trials) is None


def test_a_baseline_alone_makes_a_board_without_a_verdict(evaluation: Evaluation) -> None:
    rows = [row for row in evaluation.metrics if row["algorithm"] == "popular_recent"]
    board = lay_out_board(rows, [])
    assert board is not None
    assert (board.default, board.baseline, board.groups) == (None, None, [])
    assert "not judged" in board.finding
    assert "popular_recent" in chart_quality(board).wide


def test_missing_intervals_and_seconds_are_borne(evaluation: Evaluation) -> None:
    nothing = dict.fromkeys(
        ("low", "high", "difference_low", "difference_high", "fit_seconds", "recommend_seconds")
    )
    board = lay_out_board(with_values(list(evaluation.metrics), **nothing), [])
    assert board is not None
    assert "too few users" in board.finding
    assert {one.seconds for one in board.standings} == {None}
    assert "0.120" in chart_quality(board).narrow
    assert "0 of 2 groups" in chart_groups(board).sentence.striptags()


def test_figures_name_every_model_and_say_what_they_show(board: Board) -> None:
    quality, cost = chart_quality(board), chart_cost(board)
    for name in ("blend", "als", "popular_recent"):
        for svg in (quality.wide, quality.narrow, cost.wide, cost.narrow):
            assert len(re.findall(f">{name}<", svg)) == 1
    assert "blend leads with 0.120" in quality.sentence.striptags()
    assert "popular_recent took 0.75 s and has 67% of its quality" in cost.sentence.striptags()
    assert "is better than popular_recent for 2 of 2 groups" in str(
        chart_groups(board).sentence.striptags()
    )


def test_models_on_one_spot_still_have_their_names(evaluation: Evaluation) -> None:
    same = with_values(list(evaluation.metrics), value=0.1, fit_seconds=0.0, recommend_seconds=0.0)
    board = lay_out_board(same, [])
    assert board is not None
    assert all(f">{name}<" in chart_cost(board).narrow for name in ("blend", "als"))
