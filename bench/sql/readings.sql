-- A message's hash decides how it was read: mood, intent, harm, urgency, and what of it is sure.
INSERT INTO understanding_reading
    (message_id, workspace_id, version_id, language, says, sure, corrected, urgency, balance, shape, packed)
SELECT m.id, %(workspace)s, %(version)s,
       (%(languages)s::text[])[1 + coalesce(t.language, 0)],
       s.mood | s.intent | s.harm | s.anger | s.urgent | s.calls,
       %(everything)s::int & ~CASE WHEN h.a %% 5 = 0 THEN %(moods)s::int ELSE 0 END
           & ~CASE WHEN h.b %% 4 = 0 THEN %(intents)s::int ELSE 0 END
           & ~CASE WHEN h.c %% 20 = 0 THEN %(language_sure)s::int ELSE 0 END,
       0, CASE WHEN s.urgent <> 0 THEN 500 + h.d %% 500 ELSE h.d %% 500 END,
       CASE WHEN s.mood = %(neg)s THEN -400 - h.d %% 600 WHEN s.mood = %(pos)s THEN 400 + h.d %% 600 ELSE h.d %% 300 - 150 END,
       hashtextextended(m.text, 0), %(packed)s::bytea
FROM conversations_message m
LEFT JOIN bench_thread t ON t.id = m.conversation_id
CROSS JOIN LATERAL (
    SELECT (hashint8extended(m.id, 21) & 65535)::int AS a, (hashint8extended(m.id, 22) & 65535)::int AS b,
           (hashint8extended(m.id, 23) & 65535)::int AS c, (hashint8extended(m.id, 24) & 65535)::int AS d
) h
CROSS JOIN LATERAL (
    SELECT CASE WHEN h.a %% 100 < 12 THEN %(neg)s::int WHEN h.a %% 100 < 30 THEN %(pos)s::int ELSE %(neu)s::int END AS mood,
           CASE WHEN h.b %% 100 < 6 THEN %(complaint)s::int WHEN h.b %% 100 < 21 THEN %(question)s::int
                WHEN h.b %% 100 < 26 THEN %(suggestion)s::int WHEN h.b %% 100 < 29 THEN %(bug)s::int
                WHEN h.b %% 100 < 40 THEN %(greeting)s::int ELSE %(other)s::int END AS intent,
           CASE WHEN h.c %% 1000 < 20 THEN %(toxic)s::int | %(insult)s::int ELSE 0 END
               | CASE WHEN h.c %% 2000 = 99 THEN %(toxic)s::int | %(threat)s::int ELSE 0 END
               | CASE WHEN h.c %% 1000 BETWEEN 40 AND 50 THEN %(spam)s::int ELSE 0 END AS harm,
           CASE WHEN h.a %% 100 < 6 THEN %(anger)s::int ELSE 0 END AS anger,
           CASE WHEN h.d %% 100 < 3 THEN %(urgent)s::int ELSE 0 END AS urgent,
           CASE WHEN h.b %% 100 < 21 THEN %(calls)s::int ELSE 0 END AS calls
) s
WHERE m.workspace_id = %(workspace)s AND m.deleted_at IS NULL
