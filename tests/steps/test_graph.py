from pathlib import Path

import pytest

from cxspark.steps.graph import STEPS, follows, in_order, main, needs, with_upstream, writers

REPORT = "build_report"


def places_of(names: list[str]) -> dict[str, int]:
    return {step.name: place for place, step in enumerate(in_order(names))}


def test_a_table_that_several_jobs_write_brings_one_of_them_along() -> None:
    assert needs(REPORT) == {"ingest_events", "build_user_item", "recommend_knn"}
    assert set(with_upstream([REPORT])) == {REPORT, *needs(REPORT)}


def test_what_is_read_where_it_exists_brings_no_job_along() -> None:
    assert "evaluate_recommenders" not in with_upstream([REPORT])
    assert "evaluate_recommenders" in follows(REPORT)


@pytest.mark.parametrize("early", ["recommend_als", "recommend_knn", "evaluate_recommenders"])
def test_a_job_comes_after_all_that_write_what_it_may_read(early: str) -> None:
    assert list(places_of([REPORT, early])) == [early, REPORT]


def test_all_jobs_stand_in_an_order_that_their_tables_allow() -> None:
    places = places_of(list(STEPS))
    assert set(places) == set(STEPS)
    for name, place in places.items():
        assert all(places[other] < place for other in follows(name))


def test_what_is_optional_isn_t_needed_too() -> None:
    for step in STEPS.values():
        assert not {table.name for table in step.optional} & {table.name for table in step.reads}


def test_every_table_that_is_needed_is_written_by_a_job() -> None:
    tables = [table for step in STEPS.values() for table in step.reads]
    assert all(writers(table) for table in tables)


def test_a_job_that_fails_ends_with_its_exit_code(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(REPORT, ["--config", str(tmp_path / "nowhere.yaml")])
    assert ended.value.code == 2
