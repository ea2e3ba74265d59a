"""spark-submit jobs/ingest_events.py --config FILE: raw files -> bronze, silver, quarantine."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("ingest_events")
