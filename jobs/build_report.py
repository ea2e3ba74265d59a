"""spark-submit jobs/build_report.py --config FILE: tables -> one HTML page."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("build_report"))
