-- The rule of folkmoot.conversations.asks for a whole workspace in one pass: first the openers of what others began …
INSERT INTO conversations_ask (workspace_id, channel_id, conversation_id, message_id, asked_at, answer_id, answered_at)
SELECT %(workspace)s, t.channel_id, t.id, o.id, o.at, a.id, a.at
FROM bench_thread t
JOIN conversations_message o ON o.id = t.first_no
JOIN members_identity oi ON oi.id = o.author_id
LEFT JOIN (
    SELECT m.conversation_id, min(m.id) AS id
    FROM conversations_message m
    JOIN members_identity i ON i.id = m.author_id
    JOIN bench_thread t ON t.id = m.conversation_id
    JOIN conversations_message o ON o.id = t.first_no
    JOIN members_identity oi ON oi.id = o.author_id
    WHERE i.member_id <> oi.member_id AND NOT i.bot GROUP BY 1
) first ON first.conversation_id = t.id
LEFT JOIN conversations_message a ON a.id = first.id
WHERE NOT o.ours AND NOT oi.bot ORDER BY o.id;
-- … then comments on what we began, straight repetitions as one, answered by us or by a reply to them or to what their
-- author said later.
INSERT INTO conversations_ask (workspace_id, channel_id, conversation_id, message_id, asked_at, answer_id, answered_at)
SELECT %(workspace)s, q.channel_id, q.conversation_id, q.id, q.at, a.id, a.at
FROM (
    SELECT m.id, m.at, m.channel_id, m.conversation_id, m.ours, i.bot, o.id AS opener,
           lag(m.author_id) OVER thread = m.author_id AND m.at - lag(m.at) OVER thread <= interval '15 minutes' AS more,
           min(m.id) FILTER (WHERE m.ours) OVER (
               PARTITION BY m.conversation_id ORDER BY m.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ours_later,
           min(replied.id) OVER (PARTITION BY m.conversation_id, m.author_id ORDER BY m.id DESC) AS replied
    FROM bench_thread t
    JOIN conversations_message o ON o.id = t.first_no AND o.ours
    JOIN conversations_message m ON m.conversation_id = t.id
    JOIN members_identity i ON i.id = m.author_id
    LEFT JOIN (
        SELECT c.parent_id, min(c.id) AS id FROM conversations_message c
        JOIN conversations_message p ON p.id = c.parent_id
        JOIN members_identity ci ON ci.id = c.author_id JOIN members_identity pi ON pi.id = p.author_id
        WHERE ci.member_id <> pi.member_id AND NOT ci.bot GROUP BY 1
    ) replied ON replied.parent_id = m.id
    WINDOW thread AS (PARTITION BY m.conversation_id ORDER BY m.id)
) q
LEFT JOIN conversations_message a ON a.id = least(q.replied, q.ours_later)
WHERE q.id <> q.opener AND NOT q.ours AND NOT q.bot AND q.more IS NOT TRUE ORDER BY q.id
