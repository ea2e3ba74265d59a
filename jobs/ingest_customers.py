"""spark-submit jobs/ingest_customers.py --config FILE: a snapshot -> customers."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("ingest_customers")
