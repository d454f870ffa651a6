INSERT INTO members_activity (workspace_id, identity_id, kind, at, channel_id, about_id, value)
SELECT m.workspace_id, m.author_id, 'message', m.at, m.channel_id, m.id,
       CASE WHEN m.kind <> 'post' AND m.author_id = c.opener_id THEN 'own' ELSE m.kind END
FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id ORDER BY m.id;
INSERT INTO members_activity (workspace_id, identity_id, kind, at, channel_id, about_id, value)
SELECT m.workspace_id, m.author_id + who, 'reaction', m.at + interval '5 minutes', m.channel_id, m.id, '👍'
FROM conversations_message m CROSS JOIN generate_series(1, 2) who
WHERE m.reactions <> '{}' AND m.unnamed_reactions = 0 AND m.author_id + who <= (SELECT max(id) FROM bench_identity);
INSERT INTO members_activity (workspace_id, identity_id, kind, at, channel_id, about_id, value)
SELECT i.workspace_id, i.id, 'join', i.first_seen_at, c.id, c.id, 'j' || i.id
FROM members_identity i
JOIN (SELECT network, min(id) AS id FROM channels_channel GROUP BY 1) c ON c.network = i.network
WHERE i.first_seen_at IS NOT NULL
