from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession
from workplace import Workplace


@pytest.fixture(scope="module")
def generated_code(spark: SparkSession) -> Iterator[None]:
    """Hundreds of thousands of rows are worth code of their own, as in production."""
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK")
    yield
    spark.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace.set_up(tmp_path_factory.mktemp("anywhere"))
