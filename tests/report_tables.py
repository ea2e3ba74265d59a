"""A shop's tables as queries, for its report."""

# Eleven customers with 1 to 11 items; each has two neighbours and three suggestions, one of them of
# what is popular, by each of two algorithms, whose reasons are other customers or items. Two models
# were judged, in two runs.
ROWS = {
    "silver.events": """
        SELECT 'shop' AS source, concat_ws('-', u, i, n) AS event_key, concat('u', u) AS user_id,
          concat('item', i) AS item_id, if(n = 1, 'view', 'purchase') AS event_type,
          timestamp'2026-03-01 00:00:00' + make_dt_interval(u + i, n) AS event_at,
          'web' AS channel, 1.0D AS quantity, 2.5D AS amount,
          if(i = 1, '<script>alert(1)</script>', NULL) AS item_name,
          CAST(NULL AS double) AS rating, CAST(NULL AS double) AS watched_seconds,
          CAST(NULL AS double) AS duration_seconds, 'f1' AS load_id, u AS record_number
        FROM (SELECT id AS u, explode(sequence(1L, id)) AS i FROM range(1, 12))
        LATERAL VIEW explode(sequence(1L, 1 + i % 2)) AS n""",
    "silver.quarantine": """
        SELECT 'bronze.events' AS origin, 'shop' AS source, 'f1' AS load_id, 'a.csv' AS file,
          id + 1 AS record_number,
          if(id < 2, array('missing_user_id', 'future_event_at'), array('missing_user_id'))
            AS reasons,
          map('a', 'b') AS record, CAST(NULL AS string) AS malformed,
          timestamp'2026-11-23 18:00:00' AS loaded_at
        FROM range(7)""",
    "ops.loads": """
        SELECT 'shop' AS source, 'f1' AS load_id, 'a.csv' AS file, 99L AS n_bytes,
          timestamp'2026-11-23 17:00:00' AS modified_at, 114L AS n_records,
          102L AS n_accepted, 5L AS n_duplicates, 7L AS n_quarantined, 'r' AS run_id,
          timestamp'2026-11-23 18:00:00' AS loaded_at""",
    "gold.user_item": """
        SELECT concat('u', u) AS user_id, concat('item', i) AS item_id, CAST(i AS double) AS weight,
          1 + i % 2 AS n_events, timestamp'2026-03-01 00:00:00' AS first_at,
          timestamp'2026-03-09 00:00:00' AS last_at
        FROM (SELECT id AS u, explode(sequence(1L, id)) AS i FROM range(1, 12))""",
    "gold.user_neighbors": """
        SELECT algorithm, concat('u', id) AS user_id, CAST(rank AS int) AS rank,
          concat('u', 1 + (id + rank) % 11) AS neighbor_id, rank / 4.0D AS distance,
          'cosine' AS metric
        FROM range(1, 12) LATERAL VIEW explode(array('user_knn', 'als')) AS algorithm
        LATERAL VIEW explode(array(1L, 2L)) AS rank""",
    "gold.recommendations": """
        SELECT algorithm, concat('u', id) AS user_id, CAST(rank AS int) AS rank,
          concat('item', (id + rank) % 5) AS item_id, 4.0D - rank AS score,
          if(rank = 3, 'popular', if(algorithm = 'als', 'model', 'neighbors')) AS origin,
          if(algorithm = 'als',
            array(named_struct('kind', 'item', 'id', 'item1', 'distance', CAST(NULL AS double),
              'contribution', 0.75D * (4 - rank)), named_struct('kind', 'other', 'id', '',
              'distance', NULL, 'contribution', 0.25D * (4 - rank))),
            array(named_struct('kind', if(rank = 3, 'popularity', 'neighbor'),
              'id', concat('u', 1 + (id + 1) % 11), 'distance', 0.25D,
              'contribution', 4.0D - rank))) AS reasons
        FROM range(1, 12) LATERAL VIEW explode(array('user_knn', 'als')) AS algorithm
        LATERAL VIEW explode(array(1L, 2L, 3L)) AS rank""",
}
MODEL_METRICS = """
    SELECT '{run}' AS run_id, algorithm, segment, metric, 10 AS k, {quality} * weight AS value,
      {quality} * weight - 0.01D AS low, {quality} * weight + 0.01D AS high, 80L AS n_users,
      if(algorithm = 'blend', 'popular_recent', NULL) AS baseline,
      if(algorithm = 'blend', 0.05D, NULL) AS difference,
      if(algorithm = 'blend', 0.02D, NULL) AS difference_low,
      if(algorithm = 'blend', 0.08D, NULL) AS difference_high,
      algorithm = 'blend' AS is_default, 1.5D AS fit_seconds, weight AS recommend_seconds,
      '{{}}' AS settings, 'time' AS split, 'all items' AS candidates, 'a formula' AS formula,
      42L AS seed, 'silver.events@0' AS input
    FROM VALUES ('blend', 1.0D), ('popular_recent', 0.5D) AS models(algorithm, weight)
    LATERAL VIEW explode(array('all', 'history of 1-5 items')) AS segment
    LATERAL VIEW explode(array('ndcg', 'recall', 'coverage')) AS metric"""
MODEL_TRIALS = """
    SELECT '{run}' AS run_id, 'blend' AS algorithm, CAST(trial AS int) AS trial,
      concat('{{"share": ', trial, '}}') AS settings, concat('w', w) AS window,
      timestamp'2026-01-01 00:00:00' + make_dt_interval(CAST(w AS int)) AS window_from,
      timestamp'2026-02-01 00:00:00' AS window_until, 'ndcg' AS metric, 10 AS k, 0.1D AS value,
      80L AS n_users, trial = 2 AS is_chosen
    FROM range({n_trials}) AS trials(trial) LATERAL VIEW explode(array(1L, 2L)) AS w"""
