-- Every number's hash decides: who of the thread's people wrote it, what, in answer to what, and who liked it.
INSERT INTO conversations_message
    (id, workspace_id, channel_id, conversation_id, author_id, remote_id, kind, at, text, html, url, parent_id,
     parent_remote_id, ours, reactions, unnamed_reactions, lexemes)
SELECT m.id, %(workspace)s, t.channel_id, t.id, a.author, m.id::text,
       CASE WHEN n = 0 THEN 'post' WHEN h.parent IS NULL THEN 'comment' ELSE 'reply' END,
       t.first_at + t.span * (n::float8 / greatest(t.size - 1, 1)), p.text,
       CASE WHEN t.threaded THEN '<p>' || p.text || '</p>' ELSE '' END, '', h.parent, coalesce(h.parent::text, ''),
       a.author < r.first + 2,
       CASE WHEN h.liked AND NOT t.by_us THEN '{"👍": 2}' WHEN h.liked THEN '{"👍": 7}' ELSE '{}' END::jsonb,
       CASE WHEN h.liked AND t.by_us THEN 7 ELSE 0 END, p.lexemes
FROM bench_thread t
CROSS JOIN LATERAL generate_series(0, t.size - 1) n
CROSS JOIN LATERAL (SELECT t.first_no + n AS id) m
CROSS JOIN LATERAL (
    SELECT CASE WHEN n > 0 AND hashint8extended(m.id, 1) %% 3 = 0
                THEN m.id - 1 - (hashint8extended(m.id, 2) & 1023) %% least(n, 3) END AS parent,
           (hashint8extended(m.id, 3) & 1023) < 90 AS liked,
           CASE WHEN n = 0 THEN 0 ELSE (hashint8extended(m.id, 4) & 1048575) %% (2 + t.size / 6) END AS slot
) h
JOIN (SELECT (array_position(ARRAY['discord', 'telegram', 'discourse', 'slack', 'matrix', 'email'], network) - 1) AS network,
             min(id) AS first, count(*) AS people FROM bench_identity GROUP BY 1) r ON r.network = t.network
CROSS JOIN LATERAL (
    SELECT CASE WHEN n = 0 AND t.by_us THEN r.first
                ELSE r.first + floor(r.people * (((hashint8extended(t.id * 4096 + h.slot, 5) & 4294967295)
                     / 4294967296.0::float8) ^ 3))::bigint END AS author
) a
JOIN bench_pool p ON p.id = t.language * %(pool)s + ((hashint8extended(m.id, 6) & 1048575) %% %(pool)s)::int
