"""spark-submit jobs/build_report.py --config FILE: tables -> one HTML page."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("build_report")
