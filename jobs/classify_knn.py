"""spark-submit jobs/classify_knn.py --config FILE: features -> classes by the nearest."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("classify_knn")
