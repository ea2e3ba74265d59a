"""spark-submit jobs/recommend_knn.py --config FILE: matrix -> nearest users, recommendations."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("recommend_knn")
