"""Real tables of customers, taken in by the mappings of conf/sources; shared by tests on them."""

from pathlib import Path

import yaml
from main_job import SOURCES
from pyspark.sql import SparkSession

from cxspark.ingest.customer_settings import IngestCustomersSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.ingest_customers import STEP

FILES = {
    "bank_churners": "bank-churners/BankChurners.csv",
    "online_shoppers": "online-shoppers/online_shoppers_intention.csv",
}


def take_in(spark: SparkSession, root: Path, data: Path, source: str, **changes: object) -> None:
    """Fill silver.customers with a source's; `changes` are of its mapping."""
    mapping = yaml.safe_load((SOURCES / f"{source}.yaml").read_text(encoding="utf-8"))
    settings = {"source": mapping | changes, "input": [str(data / FILES[source])]}
    tables = Tables(spark, Location(root=str(root)), Run(STEP.name, source))
    STEP.run(spark, IngestCustomersSettings.model_validate(settings), tables)
