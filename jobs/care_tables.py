"""spark-submit jobs/care_tables.py --config FILE: small files merged, unused files deleted."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("care_tables")
