-- Every rare word is said in eight messages of its language, all over the time.
UPDATE conversations_message m SET text = m.text || ' ' || w.word, lexemes = m.lexemes || w.lexemes
FROM (
    SELECT DISTINCT ON (t.first_no) t.first_no AS id, r.word, r.lexemes
    FROM bench_rare r CROSS JOIN generate_series(1, 8) n
    JOIN LATERAL (
        SELECT first_no FROM bench_thread
        WHERE id >= 1 + (hashint8extended(r.id * 64 + n, 7) & 1073741823) %% (SELECT max(id) - 500 FROM bench_thread)
          AND language = r.language ORDER BY id LIMIT 1
    ) t ON true
) w WHERE m.id = w.id
