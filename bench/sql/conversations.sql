INSERT INTO conversations_conversation
    (id, workspace_id, channel_id, remote_id, title, kind, opener_id, opened_by_us, opening, first_at, latest,
     latest_author_id, last_at, message_count, waiting_since)
SELECT t.id, %(workspace)s, t.channel_id, CASE WHEN t.threaded THEN 't' || t.id END,
       CASE WHEN t.threaded THEN left(o.text, 60) ELSE '' END, 'post', o.author_id, o.ours, left(o.text, 200), o.at,
       left(l.text, 200), l.author_id, l.at, t.size, w.since
FROM bench_thread t
JOIN conversations_message o ON o.id = t.first_no
JOIN conversations_message l ON l.id = t.first_no + t.size - 1
LEFT JOIN (
    SELECT conversation_id, min(asked_at) AS since FROM conversations_ask WHERE answered_at IS NULL GROUP BY 1
) w ON w.conversation_id = t.id
ORDER BY t.id
