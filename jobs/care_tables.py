"""spark-submit jobs/care_tables.py --config FILE: small files merged, unused files deleted."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("care_tables"))
